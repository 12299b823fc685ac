import { useFaults, useView } from '../store/context';

/** While any fault rule acts: so that nobody looks for the fault of a network that is bad on purpose. */
export function NetworkPill() {
  const view = useView();
  const acting = useFaults().acting.value;
  const onClick = () => {
    if (view.showsApi.value) view.toggleApi();
    view.show({ kind: 'faults' });
  };
  return (
    <div class="network" role="status">
      {acting.length > 0 && (
        <button
          type="button"
          class="bad-network"
          title={acting.map(({ listener, rule }) => `${listener} ${rule}`).join('\n')}
          onClick={onClick}
        >
          Network made bad on purpose
        </button>
      )}
    </div>
  );
}

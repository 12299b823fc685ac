import { useFaults, useView } from '../store/context';
import { RuleSwitch } from './RuleSwitch';

/** Under a UDP listener: its rules, and the way to more. */
export function CardFaults({ service }: { service: string }) {
  const view = useView();
  const rules = useFaults().rules.value.filter(({ listener }) => listener === service);
  const open = view.detail.value?.kind === 'faults';
  return (
    <fieldset class="card-faults">
      <legend class="sr-only">Fault rules of {service}</legend>
      {rules.map((rule) => (
        <RuleSwitch key={rule.name} rule={rule} />
      ))}
      <button
        type="button"
        class="link"
        aria-expanded={open}
        title="Make the network bad on purpose: loss, delay, reordering (f)"
        data-keys="faults"
        onClick={() => view.toggleFaults()}
      >
        + fault
      </button>
    </fieldset>
  );
}

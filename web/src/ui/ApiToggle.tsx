import { useView } from '../store/context';

/** A link, so that it can be opened beside the traffic. */
export function ApiToggle() {
  const view = useView();
  return (
    <a
      class="button"
      href={view.toggleApiHref()}
      data-keys="api"
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        view.toggleApi();
      }}
    >
      {view.showsApi.value ? 'Traffic' : 'API'}
    </a>
  );
}

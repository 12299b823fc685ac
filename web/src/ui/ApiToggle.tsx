import { useView } from '../store/context';

/** A link, so that it can be opened beside the traffic. */
export function ApiToggle() {
  const view = useView();
  const there = view.reference.value !== null;
  return (
    <a
      class="button"
      href={there ? view.trafficHref() : view.referenceHref()}
      data-keys="api"
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        if (there) view.showTraffic();
        else view.showReference();
      }}
    >
      {there ? 'Traffic' : 'API'}
    </a>
  );
}

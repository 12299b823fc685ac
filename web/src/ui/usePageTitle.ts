import { useEffect } from 'preact/hooks';
import { useView } from '../store/context';
import { writeFilter } from '../text/filterText';
import { pageTitle } from '../text/title';
import { useFilterWords } from './useFilterWords';

/** Keeps the title of the browser's tab. */
export function usePageTitle(log: { paused: boolean; fresh: number }): void {
  const view = useView();
  const { vocabulary } = useFilterWords();
  const title = pageTitle({
    host: location.host,
    open: view.detail.value,
    filter: writeFilter(view.filter.value, vocabulary()),
    showsApi: view.showsApi.value,
    ...log,
  });
  useEffect(() => {
    document.title = title;
  }, [title]);
}

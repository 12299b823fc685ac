import { useEffect, useState } from 'preact/hooks';

/** The same limit as in styles/rows-narrow.css. */
const query = matchMedia('(max-width: 940px)');

/** Whether rows have to stand on two lines. */
export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const update = () => setNarrow(query.matches);
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return narrow;
}

import { useEffect, useState } from 'preact/hooks';

export function useMedia(condition: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(condition).matches);
  useEffect(() => {
    const query = matchMedia(condition);
    const update = () => setMatches(query.matches);
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, [condition]);
  return matches;
}

/** The same limit as in styles/rows-narrow.css: rows have to stand on two lines. */
export const useNarrow = () => useMedia('(max-width: 940px)');

/** The same limit as in styles/stacked.css: what is looked at in detail lies over the page. */
export const useStacked = () => useMedia('(max-width: 1180px)');

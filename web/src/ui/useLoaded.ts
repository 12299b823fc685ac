import { useEffect, useState } from 'preact/hooks';
import { ApiProblem } from '../api/problem';

export interface Loaded<T> {
  value: T | null;
  problem: string | null;
}

/**
 * What `load` answers for `key`; asked for again whenever `version` moves, and what is known stays
 * until the next answer, so that nothing blinks.
 */
export function useLoaded<T>(key: unknown, version: unknown, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { key: unknown }>({
    key,
    value: null,
    problem: null,
  });
  useEffect(() => {
    let current = true;
    load().then(
      (value) => current && setState({ key, value, problem: null }),
      (error) => {
        if (!(error instanceof ApiProblem)) throw error;
        if (current) setState((before) => ({ ...before, key, problem: error.sentence }));
      },
    );
    return () => {
      current = false;
    };
  }, [key, version]);
  return state.key === key ? state : { value: null, problem: null };
}

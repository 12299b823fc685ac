import { useEffect, useState } from 'preact/hooks';
import { useServer, useView } from '../store/context';
import type { LogHold } from './useLogHold';
import type { RowTarget } from './VirtualTable';

/** The row that a link leads to: in what is shown, or with what is around it loaded for it. */
export function useLinkedMessage(hold: LogHold): RowTarget | null {
  const server = useServer();
  const view = useView();
  const linked = view.linked.value;
  const loading = server.searching.value;
  const [target, setTarget] = useState<RowTarget | null>(null);
  useEffect(() => {
    if (!linked || loading) return;
    const index = server.indexOf(linked, hold.log);
    if (index >= 0) {
      setTarget({ at: index + hold.log.origin });
      view.arrive();
      return;
    }
    let wanted = true;
    void server
      .reach(linked, () => wanted)
      .then((at) => {
        if (at !== null) {
          hold.read();
          setTarget({ at });
        }
        if (wanted) view.arrive();
      });
    return () => {
      wanted = false;
    };
  }, [linked, loading]);
  return target;
}

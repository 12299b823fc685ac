import { useEffect, useState } from 'preact/hooks';
import { useServer, useView } from '../store/context';
import type { LogHold } from './useLogHold';
import type { RowTarget } from './VirtualTable';

/** Shows the row that a link names, and loads the messages around it if need be. */
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

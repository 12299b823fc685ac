import { useEffect, useState } from 'preact/hooks';
import { useServer, useView } from '../store/context';
import type { MessageLog, Note } from '../store/log';

interface Hold {
  /** The number of messages received when following stopped. */
  arrived: number;
  /** The rows as they stood when they were frozen; null while rows still come below. */
  frozen: MessageLog | null;
}

export interface LogHold {
  following: boolean;
  paused: boolean;
  /** Messages received since then. */
  fresh: number;
  /** What is shown: the live log, or what it was when it was frozen. */
  log: MessageLog;
  /** The last event of the live log as a whole since then. */
  note: Note | null;
  follow: (follow: boolean) => void;
  /** Leaves the tail, or what is frozen, to read in the live log. */
  read: () => void;
  pause: () => void;
}

/** Whether the log follows its tail, keeps its place while it is read, or is frozen. */
export function useLogHold(): LogHold {
  const server = useServer();
  const { log } = server;
  void server.logVersion.value;
  const view = useView();
  const [hold, setHold] = useState<Hold | null>(null);
  const filter = view.filter.value;
  useEffect(() => setHold(null), [filter]);
  const held = hold !== null;
  useEffect(() => server.hold(held), [server, held]);
  const frozen = hold?.frozen ?? null;
  const { lastNote } = log;
  return {
    following: hold === null,
    paused: frozen !== null,
    fresh: hold === null ? 0 : log.freshSince(hold.arrived),
    log: frozen ?? log,
    note: frozen && lastNote !== frozen.lastNote ? (lastNote?.note ?? null) : null,
    follow: (follow) => {
      if (follow) setHold(null);
      else if (hold === null) setHold({ arrived: log.arrived, frozen: null });
    },
    read: () => setHold((before) => ({ arrived: before?.arrived ?? log.arrived, frozen: null })),
    pause: () => setHold({ arrived: hold?.arrived ?? log.arrived, frozen: log.snapshot() }),
  };
}

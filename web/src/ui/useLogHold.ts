import { useEffect, useState } from 'preact/hooks';
import { useGateway, useView } from '../store/context';

interface Hold {
  /** How much had arrived when the tail was left. */
  arrived: number;
  /** Where the view was frozen, counted from the log's origin; null while rows still come below. */
  frozenAt: number | null;
}

export interface LogHold {
  following: boolean;
  paused: boolean;
  /** Arrived since the tail was left. */
  fresh: number;
  /** How many rows may be shown. */
  count: number;
  follow: (follow: boolean) => void;
  pause: () => void;
}

/** Whether the log follows its tail, keeps its place while it is read, or is frozen. */
export function useLogHold(): LogHold {
  const gateway = useGateway();
  const { log } = gateway;
  void gateway.logVersion.value;
  const view = useView();
  const [hold, setHold] = useState<Hold | null>(null);
  const filter = view.filter.value;
  useEffect(() => setHold(null), [filter]);
  const held = hold !== null;
  useEffect(() => gateway.hold(held), [gateway, held]);
  const rows = log.rows.length;
  const frozen = hold?.frozenAt ?? null;
  return {
    following: hold === null,
    paused: frozen !== null,
    fresh: hold === null ? 0 : log.arrived - hold.arrived,
    count: frozen === null ? rows : Math.max(0, Math.min(rows, frozen - log.origin)),
    follow: (follow) => {
      if (follow) setHold(null);
      else if (hold === null) setHold({ arrived: log.arrived, frozenAt: null });
    },
    pause: () => setHold({ arrived: hold?.arrived ?? log.arrived, frozenAt: log.origin + rows }),
  };
}

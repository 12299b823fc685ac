import { useState } from 'preact/hooks';
import { useServer, useView } from '../store/context';
import { findExchange } from '../store/exchange';
import type { Attempt } from '../store/sending';

/** From what was sent to what became of it in the log. */
export function ExchangeLink({ attempt }: { attempt: Attempt }) {
  const server = useServer();
  const view = useView();
  const [missing, setMissing] = useState(false);
  const show = async () => {
    const seq = await findExchange(server.log, attempt.result);
    if (seq !== null) view.show({ kind: 'message', seq });
    setMissing(seq === null);
  };
  return (
    <button type="button" class="link result-link" onClick={show}>
      {missing ? 'not found in the log' : 'in the log'}
    </button>
  );
}

import { useRef, useState } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import { Panel } from './Panel';
import { SendForm } from './SendForm';
import { type Attempt, SendResults } from './SendResults';
import { type Draft, draftRequest, fieldOfParam, type SendField } from './sendDraft';

const KEPT_ATTEMPTS = 30;

export interface FieldProblem {
  field: SendField;
  message: string;
}

export function SendPanel() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<FieldProblem | null>(null);
  const [attempts, setAttempts] = useState<Attempt[]>([]);
  const nextId = useRef(1);

  const send = async (draft: Draft) => {
    setBusy(true);
    setProblem(null);
    try {
      const result = await api.sendDatagram(draftRequest(draft));
      const attempt = { id: nextId.current++, at: new Date(), timeoutMs: draft.timeoutMs, result };
      setAttempts((earlier) => [attempt, ...earlier].slice(0, KEPT_ATTEMPTS));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      setProblem({ field: fieldOfParam(error.param), message: error.sentence });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel class="send-panel" title="Send a datagram">
      <SendForm busy={busy} problem={problem} onSend={send} />
      <SendResults attempts={attempts} />
    </Panel>
  );
}

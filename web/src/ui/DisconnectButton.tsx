import { useState } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import { ConfirmButton } from './ConfirmButton';

/** Closes a client's connection, if it is meant. */
export function DisconnectButton({ id }: { id: number }) {
  const [problem, setProblem] = useState<string | null>(null);
  const disconnect = () =>
    api.disconnect(id).then(
      () => setProblem(null),
      (error) => setProblem(error instanceof ApiProblem ? error.sentence : String(error)),
    );
  return (
    <>
      <ConfirmButton
        label="Disconnect…"
        question="Close its connection?"
        confirm="Disconnect"
        onConfirm={disconnect}
      />
      {problem && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}

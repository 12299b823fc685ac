import { useState } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import { ConfirmButton } from './ConfirmButton';

export function ClearLog({ onCleared }: { onCleared: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const clear = () =>
    api.clearLog().then(onCleared, (error) => {
      if (!(error instanceof ApiProblem)) throw error;
      setProblem(error.sentence);
    });
  return (
    <>
      <ConfirmButton
        label="Clear the log…"
        question="Throw all messages away? Clients, counters and the chart stay."
        confirm="Clear"
        onConfirm={clear}
      />
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

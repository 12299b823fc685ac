import { useEffect } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Message } from '../api/types';
import { useServer, useView } from '../store/context';
import { MessageBody } from './MessageBody';
import { useLoaded } from './useLoaded';

interface Props {
  seq: number;
  /** The run that gave it its number; the one that runs where nothing is said. */
  run: string | undefined;
  onSendAgain: (message: Message) => void;
}

export function MessageDetail({ seq, run, onSendAgain }: Props) {
  const server = useServer();
  const view = useView();
  const version = `${server.status.value?.run} ${run}`;
  const loaded = useLoaded(seq, version, async () => {
    if (server.isForeign(run)) throw new ApiProblem(410, goneWith(run));
    return api.message(seq, run);
  });
  const answer = isOf(loaded.value?.run, run) ? loaded.value : null;
  const recordedBy = answer?.run;
  useEffect(() => {
    if (recordedBy) view.pin(recordedBy);
  }, [view, recordedBy]);
  // Under the number alone another message may stand here by now.
  const at = server.log.indexOf(seq, run);
  const known = isOf(server.runAt(at), run) ? server.log.find(seq, run) : null;
  const message = answer ?? known;
  return (
    <>
      {loaded.problem && (
        <p class="detail-note" role="status">
          {loaded.problem}
        </p>
      )}
      {message && <MessageBody message={message} onSendAgain={onSendAgain} />}
      {!message && !loaded.problem && <p class="detail-note">Loading…</p>}
    </>
  );
}

function goneWith(run = ''): string {
  return `This message is one of another run (${run.slice(0, 8)}), whose log has gone.`;
}

function isOf(recordedBy: string | undefined, run: string | undefined): boolean {
  return run === undefined || recordedBy?.startsWith(run.slice(0, 8)) === true;
}

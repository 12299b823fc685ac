import { useServer } from '../store/context';
import type { MessageLog } from '../store/log';
import { formatCount } from '../text/format';

interface Props {
  log: MessageLog;
}

/** How many of the messages that the page has match; older ones are had only as they are scrolled to. */
export function MatchCount({ log }: Props) {
  const server = useServer();
  void server.logVersion.value;
  if (server.searching.value) return <>searching…</>;
  if (server.filterProblem.value) return null;
  const count = log.rows.reduce((sum, { kind }) => sum + Number(kind === 'message'), 0);
  const isPart = server.hasOlder || log.detached || log.rows.some(({ kind }) => kind === 'gap');
  if (!isPart) return <>{`${formatCount(count)} ${count === 1 ? 'matches' : 'match'}`}</>;
  return (
    <span title="So many are on the page. Scroll to the first of them for older ones; a gap has others.">
      {`${formatCount(count)} or more match`}
    </span>
  );
}

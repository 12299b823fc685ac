import { overdue } from '../api/client';
import { now, useServer } from '../store/context';
import { formatAge } from '../text/format';

/** Something comes each second: after this the connection may be lost already. */
const STALE_S = 2.5;

const SHORT =
  'Events come, and requests get no answer. A browser opens six connections to one address: other tabs or downloads from it may hold them all.';

/** Whether what is on screen is what happens now, and if not, how old it is. */
export function StreamPill() {
  const server = useServer();
  const state = server.stream.value;
  const heardAt = server.heardAt.value;
  const age = heardAt === null ? 0 : (now.value - heardAt) / 1000;
  const stale = heardAt !== null && (state.name !== 'live' || age > STALE_S);
  const words = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting' };
  const problem = state.name === 'reconnecting' ? state.problem : undefined;
  return (
    <div class="stream" data-state={state.name} title={problem}>
      <span class="stream-dot" aria-hidden="true" />
      {/* Announced when it changes; the age beside it would chatter each second. */}
      <span role="status">{words[state.name]}</span>
      {state.name === 'live' && overdue.value > 0 && (
        <span class="stream-short" role="status" title={SHORT}>
          requests wait
        </span>
      )}
      {stale && <span class="stream-age">shown as of {formatAge(age)} ago</span>}
    </div>
  );
}

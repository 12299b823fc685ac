import { now, useGateway } from '../store/context';
import { formatAge } from '../text/format';

/** Whether what is on screen is what happens now, and if not, how old it is. */
export function StreamPill() {
  const gateway = useGateway();
  const state = gateway.stream.value;
  const heardAt = gateway.heardAt.value;
  const stale = state.name !== 'live' && heardAt !== null;
  const words = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting' };
  const problem = state.name === 'reconnecting' ? state.problem : undefined;
  return (
    <div class="stream" data-state={state.name} title={problem}>
      <span class="stream-dot" aria-hidden="true" />
      {/* Announced when it changes; the age beside it would chatter each second. */}
      <span role="status">{words[state.name]}</span>
      {stale && (
        <span class="stream-age">shown as of {formatAge((now.value - heardAt) / 1000)} ago</span>
      )}
    </div>
  );
}

import { useServer } from '../store/context';
import { translatedAddress } from '../store/nat';
import { hintSeen } from '../store/preferences';

/** A word to whoever wonders why all peers have one address. Once put away it stays away. */
export function NatHint() {
  const server = useServer();
  void server.clientsVersion.value;
  const address = translatedAddress(server.clients.known());
  if (address === null || hintSeen.value === 'nat') return null;
  return (
    <aside class="hint" aria-label="About the addresses">
      <p>
        All peers show as <code>{address}</code>: a container's network stands in between, and its
        address translation hides who they are. Run the container with <code>--network=host</code>{' '}
        to see their own addresses.
      </p>
      <button
        type="button"
        class="button"
        onClick={() => {
          hintSeen.value = 'nat';
        }}
      >
        Understood
      </button>
    </aside>
  );
}

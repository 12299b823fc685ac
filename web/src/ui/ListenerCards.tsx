import { useServer } from '../store/context';
import { listenerKey } from '../store/rates';
import { ListenerCard } from './ListenerCard';

export function ListenerCards() {
  const server = useServer();
  const listeners = server.status.value?.listeners;
  return (
    <section class="cards" aria-label="Listeners" tabIndex={0}>
      {listeners?.map((listener) => {
        const key = listenerKey(listener);
        return (
          <ListenerCard key={key} listener={listener} rate={server.rates.value.get(key) ?? null} />
        );
      })}
      {listeners?.length === 0 && <p class="empty">No server is switched on.</p>}
      {/* Before the first status: the places of the three usual servers, so that nothing jumps. */}
      {!listeners &&
        [1, 2, 3].map((n) => <div key={n} class="card card-waiting" aria-hidden="true" />)}
    </section>
  );
}

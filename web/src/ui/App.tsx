import { ClientsPanel } from './ClientsPanel';
import { ListenerCards } from './ListenerCards';
import { LogPanel } from './LogPanel';
import { SendPanel } from './SendPanel';
import { TopStrip } from './TopStrip';

export function App() {
  return (
    <div class="page">
      <TopStrip />
      <main class="page-main">
        <ListenerCards />
        <LogPanel />
        <ClientsPanel />
        <SendPanel />
      </main>
    </div>
  );
}

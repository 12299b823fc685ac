import type { Message } from '../api/types';
import { useSending, useServer, useView } from '../store/context';
import { packetOf } from '../store/packet';
import { sendForm } from '../store/preferences';
import { ClientsPanel } from './ClientsPanel';
import { DetailPane } from './DetailPane';
import { ListenerCards } from './ListenerCards';
import { LogPanel } from './LogPanel';
import { RatePanel } from './RatePanel';
import { SendPanel } from './SendPanel';

/** What goes through the server. */
export function TrafficPage() {
  const server = useServer();
  const sending = useSending();
  const view = useView();
  const detail = view.detail.value;
  const sendAgain = (message: Message) => {
    view.close();
    sendForm.value = 'open';
    sending.packet.value = packetOf(message);
    sending.submit(server.udpListeners);
  };
  return (
    <main class="page-main" data-detail={detail !== null} data-send={sendForm.value === 'open'}>
      <div class="overview">
        <ListenerCards />
        <RatePanel />
      </div>
      <LogPanel />
      <ClientsPanel />
      {detail && <DetailPane detail={detail} onSendAgain={sendAgain} />}
      <SendPanel />
    </main>
  );
}

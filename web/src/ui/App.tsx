import { useEffect, useState } from 'preact/hooks';
import type { Message } from '../api/types';
import { useView } from '../store/context';
import { ClientsPanel } from './ClientsPanel';
import { DetailPane } from './DetailPane';
import { ListenerCards } from './ListenerCards';
import { LogPanel } from './LogPanel';
import { RatePanel } from './RatePanel';
import { type Resend, SendPanel } from './SendPanel';
import { TopStrip } from './TopStrip';

export function App() {
  const view = useView();
  const detail = view.detail.value;
  const [resend, setResend] = useState<Resend | null>(null);
  const sendAgain = (message: Message) => {
    view.close();
    setResend({ message });
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) view.close();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [view]);
  return (
    <div class="page">
      <TopStrip />
      <main class="page-main" data-detail={detail !== null}>
        <div class="overview">
          <ListenerCards />
          <RatePanel />
        </div>
        <LogPanel />
        <ClientsPanel />
        {detail && <DetailPane detail={detail} onSendAgain={sendAgain} />}
        <SendPanel resend={resend} />
      </main>
    </div>
  );
}

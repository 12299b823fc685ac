import { useCallback, useState } from 'preact/hooks';
import { tokenWanted } from '../api/authorized';
import type { Message } from '../api/types';
import { useView } from '../store/context';
import { ClientsPanel } from './ClientsPanel';
import { DetailPane } from './DetailPane';
import { KeysDialog } from './KeysDialog';
import { ListenerCards } from './ListenerCards';
import { LogPanel } from './LogPanel';
import { RatePanel } from './RatePanel';
import { type Resend, SendPanel } from './SendPanel';
import { TokenDialog } from './TokenDialog';
import { TopStrip } from './TopStrip';
import { usePageKeys } from './usePageKeys';

export function App() {
  const view = useView();
  const detail = view.detail.value;
  const [resend, setResend] = useState<Resend | null>(null);
  const sendAgain = (message: Message) => {
    view.close();
    setResend({ message });
  };
  const [helping, setHelping] = useState(false);
  const showKeys = useCallback(() => setHelping(true), []);
  const closeDetail = useCallback(() => view.close(), [view]);
  usePageKeys({ onHelp: showKeys, onEscape: closeDetail });
  return (
    <div class="page">
      <TopStrip onShowKeys={showKeys} />
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
      {tokenWanted.value && <TokenDialog />}
      {helping && <KeysDialog onClose={() => setHelping(false)} />}
    </div>
  );
}

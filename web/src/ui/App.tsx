import { useCallback, useState } from 'preact/hooks';
import { tokenWanted } from '../api/authorized';
import { useView } from '../store/context';
import { ApiPage } from './api/ApiPage';
import { KeysDialog } from './KeysDialog';
import { TokenDialog } from './TokenDialog';
import { TopStrip } from './TopStrip';
import { TrafficPage } from './TrafficPage';
import { usePageKeys } from './usePageKeys';

export function App() {
  const view = useView();
  const reference = view.reference.value;
  const [helping, setHelping] = useState(false);
  const showKeys = useCallback(() => setHelping(true), []);
  usePageKeys(showKeys);
  return (
    <div class="page">
      <TopStrip onShowKeys={showKeys} />
      {reference ? <ApiPage /> : <TrafficPage />}
      {tokenWanted.value && <TokenDialog />}
      {helping && <KeysDialog onClose={() => setHelping(false)} />}
    </div>
  );
}

import { useCallback, useState } from 'preact/hooks';
import { tokenWanted } from '../api/authorized';
import { useView } from '../store/context';
import { ApiPage } from './ApiPage';
import { KeysDialog } from './KeysDialog';
import { TokenDialog } from './TokenDialog';
import { Toolbar } from './Toolbar';
import { TrafficPage } from './TrafficPage';
import { usePageKeys } from './usePageKeys';

export function App() {
  const view = useView();
  const { showsApi } = view;
  const [helping, setHelping] = useState(false);
  const showKeys = useCallback(() => setHelping(true), []);
  usePageKeys(showKeys);
  return (
    <div class="page">
      <Toolbar onShowKeys={showKeys} />
      {showsApi.value ? <ApiPage /> : <TrafficPage />}
      {tokenWanted.value && <TokenDialog />}
      {helping && <KeysDialog onClose={() => setHelping(false)} />}
    </div>
  );
}

import { useEffect } from 'preact/hooks';
import { tokenWanted } from '../../api/authorized';
import { useDescription } from '../../store/context';
import { usePageTitle } from '../usePageTitle';
import { ApiReference } from './ApiReference';

/** The reference of the API, made of the document that the gateway itself serves. */
export function ApiPage() {
  const description = useDescription();
  usePageTitle({ paused: false, fresh: 0 });
  useEffect(() => void description.load(), [description, tokenWanted.value]);
  const api = description.document.value;
  if (api) return <ApiReference api={api} />;
  return (
    <main class="api-page">
      <p class="detail-note" role={description.problem.value ? 'alert' : undefined}>
        {description.problem.value ?? 'Loading…'}
      </p>
      {description.problem.value && (
        <button type="button" class="button" onClick={() => void description.load()}>
          Try again
        </button>
      )}
    </main>
  );
}

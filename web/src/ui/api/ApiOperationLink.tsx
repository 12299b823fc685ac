import type { Operation } from '../../text/openapi';
import { ApiLink } from './ApiLink';
import { ApiMethod } from './ApiMethod';

export function ApiOperationLink({ operation: { id, method, path } }: { operation: Operation }) {
  return (
    <ApiLink to={id} class="api-nav-link mono">
      <ApiMethod method={method} /> {path.replace('/api/v1', '')}
    </ApiLink>
  );
}

import type { OperationGroup } from '../../text/openapi';
import { layout } from '../pageSize';
import { ApiLink } from './ApiLink';
import { ApiOperationLink } from './ApiOperationLink';

interface Props {
  groups: readonly OperationGroup[];
  schemas: readonly string[];
}

/** Everything that the reference describes; on a phone it opens when asked for. */
export function ApiNav({ groups, schemas }: Props) {
  return (
    <nav class="api-nav panel" aria-label="Parts of the API">
      <details open={layout.value !== 'phone'}>
        <summary>Contents</summary>
        {groups.map(({ name, operations }) => [
          <h2 key={name}>{name}</h2>,
          <ul key={`${name}-list`}>
            {operations.map((operation) => (
              <li key={operation.id}>
                <ApiOperationLink operation={operation} />
              </li>
            ))}
          </ul>,
        ])}
        <h2>schemas</h2>
        <ul>
          {schemas.map((name) => (
            <li key={name}>
              <ApiLink to={name} class="api-nav-link mono">
                {name}
              </ApiLink>
            </li>
          ))}
        </ul>
      </details>
    </nav>
  );
}

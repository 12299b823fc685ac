import type { ApiDocument } from '../../text/openapi';
import { limitWords } from '../../text/schemaWords';
import { ApiExample } from './ApiExample';
import { ApiFields } from './ApiFields';
import { ApiHeading } from './ApiHeading';
import { ApiType } from './ApiType';

interface Props {
  api: ApiDocument;
  name: string;
}

export function ApiSchema({ api, name }: Props) {
  const schema = api.components.schemas[name] ?? {};
  return (
    <article class="panel api-part" aria-labelledby={`api-${name}`}>
      <ApiHeading name={name}>
        <span class="mono">{name}</span>
      </ApiHeading>
      {schema.description && <p>{schema.description}</p>}
      {schema.properties ? (
        <>
          <ApiFields api={api} schema={schema} />
          <ApiExample api={api} of={name} media={{ schema }} />
        </>
      ) : (
        <p class="api-limits">
          <ApiType schema={schema} />
          {limitWords(schema)}
        </p>
      )}
    </article>
  );
}

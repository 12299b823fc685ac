import { type ApiDocument, type Parameter, resolveSchema } from '../../text/openapi';
import { limitWords } from '../../text/schemaWords';
import { ApiType } from './ApiType';

interface Props {
  api: ApiDocument;
  parameters: readonly Parameter[];
}

export function ApiParameters({ api, parameters }: Props) {
  return (
    <>
      <h4>Parameters</h4>
      <dl class="api-fields">
        {parameters.map(({ name, in: place, required, description, schema, example }) => (
          <div key={name} class="api-field">
            <dt>
              <code>{name}</code>
              <span class="api-note">{required ? `${place}, required` : place}</span>
            </dt>
            <dd>
              {description}
              <span class="api-limits">
                <ApiType schema={schema} />
                {limitWords(resolveSchema(api, schema))}
                {example !== undefined && (
                  <>
                    , as in <code>{String(example)}</code>
                  </>
                )}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

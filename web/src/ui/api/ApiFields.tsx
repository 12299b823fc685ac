import { type ApiDocument, resolveSchema, type Schema } from '../../text/openapi';
import { limitWords } from '../../text/schemaWords';
import { ApiType } from './ApiType';

interface Props {
  api: ApiDocument;
  schema: Schema;
}

/** The members of an object; those of an object within it stand indented below it. */
export function ApiFields({ api, schema }: Props) {
  const { properties = {}, required = [] } = schema;
  return (
    <dl class="api-fields">
      {Object.entries(properties).map(([name, member]) => {
        const within = membersWithin(member);
        return (
          <div key={name} class="api-field">
            <dt>
              <code>{name}</code>
              {!required.includes(name) && <span class="api-note">optional</span>}
            </dt>
            <dd>
              <span class="api-limits">
                <ApiType schema={member} />
                {limitWords(resolveSchema(api, member))}
              </span>
              {member.description}
              {within && <ApiFields api={api} schema={within} />}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** Of an object, or of a list of objects, that has no name of its own. */
function membersWithin(schema: Schema): Schema | null {
  if (schema.properties) return schema;
  return schema.items?.properties ? schema.items : null;
}

import type { Schema } from '../../text/openapi';
import { typeParts } from '../../text/schemaWords';
import { ApiLink } from './ApiLink';

/** A schema's type; the names in it lead to where they are described. */
export function ApiType({ schema }: { schema: Schema }) {
  return (
    <code class="api-type">
      {typeParts(schema).map(({ text, schema: named }, index) =>
        named ? (
          <ApiLink key={index} to={text}>
            {text}
          </ApiLink>
        ) : (
          text
        ),
      )}
    </code>
  );
}

import { type ApiDocument, type Media, resolveSchema } from '../../text/openapi';
import { ApiExample } from './ApiExample';
import { ApiFields } from './ApiFields';
import { ApiType } from './ApiType';

interface Props {
  api: ApiDocument;
  /** Whose body it is. */
  operation: string;
  content: Record<string, Media>;
}

/** What a request carries. */
export function ApiBody({ api, operation, content }: Props) {
  return (
    <>
      <h4>Body</h4>
      {Object.entries(content).map(([type, media]) => {
        const schema = media.schema && resolveSchema(api, media.schema);
        return (
          <div key={type}>
            <p>
              <code>{type}</code>: {media.schema && <ApiType schema={media.schema} />}
              {schema?.description && `. ${schema.description}`}
            </p>
            {schema && <ApiFields api={api} schema={schema} />}
            <ApiExample api={api} of={`the body of ${operation}`} media={media} />
          </div>
        );
      })}
    </>
  );
}

import type { ApiResponse as Answer, ApiDocument } from '../../text/openapi';
import { ApiExample } from './ApiExample';
import { ApiType } from './ApiType';

interface Props {
  api: ApiDocument;
  status: string;
  response: Answer;
}

/** One of the answers to an operation, good or bad. */
export function ApiResponse({ api, status, response }: Props) {
  const kinds = Object.entries(response.content ?? {});
  return (
    <div class="api-response" data-good={status < '400'}>
      <p>
        <strong class="api-status">{status === 'default' ? 'else' : status}</strong>
        {response.description}
      </p>
      {kinds.map(([type, media]) => (
        <div key={type} class="api-media">
          <span class="api-limits">
            <code>{type}</code>
            {media.schema && media.schema.type !== 'string' && (
              <>
                : <ApiType schema={media.schema} />
              </>
            )}
          </span>
          <ApiExample api={api} of={`answer ${status}`} media={media} />
        </div>
      ))}
    </div>
  );
}

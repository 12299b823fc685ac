import type { ApiDocument, Media } from '../../text/openapi';
import { schemaExample } from '../../text/schemaExample';

interface Props {
  api: ApiDocument;
  /** What it is an example of, for those who hear the button and do not see where it stands. */
  of: string;
  media: Media;
}

/** The document's own example, or one that its schema allows. */
export function ApiExample({ api, of, media }: Props) {
  const value = media.example ?? (media.schema && schemaExample(api, media.schema));
  if (value === undefined || value === '') return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (
    <details class="api-example">
      <summary>
        Example<span class="unseen"> of {of}</span>
      </summary>
      <pre class="snippet" tabIndex={0}>
        {text}
      </pre>
    </details>
  );
}

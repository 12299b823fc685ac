import { hasToken } from '../../api/authorized';
import { gatewayAddress } from '../../api/client';
import { curlCommand } from '../../text/curl';
import type { ApiDocument, Operation } from '../../text/openapi';
import { CodeBlock } from '../CodeBlock';
import { ApiBody } from './ApiBody';
import { ApiHeading } from './ApiHeading';
import { ApiMethod } from './ApiMethod';
import { ApiParameters } from './ApiParameters';
import { ApiResponse } from './ApiResponse';

interface Props {
  api: ApiDocument;
  operation: Operation;
}

export function ApiOperation({ api, operation }: Props) {
  const { id, method, path, summary, description, parameters, body, responses } = operation;
  const curl = curlCommand(operation, { origin: gatewayAddress(), token: hasToken() });
  return (
    <article class="panel api-part" aria-labelledby={`api-${id}`}>
      <ApiHeading name={id}>
        <ApiMethod method={method} /> <span class="mono">{path}</span>
      </ApiHeading>
      <p class="api-summary">{summary}</p>
      {description && <p>{description}</p>}
      <div class="api-code">
        <CodeBlock what={`the curl command of ${id}`} text={curl}>
          <h4>curl</h4>
        </CodeBlock>
      </div>
      {parameters.length > 0 && <ApiParameters api={api} parameters={parameters} />}
      {body && <ApiBody api={api} operation={id} content={body} />}
      <h4>Answers</h4>
      <div class="api-responses">
        {responses.map(({ status, response }) => (
          <ApiResponse key={status} api={api} status={status} response={response} />
        ))}
      </div>
    </article>
  );
}

import { useEffect, useMemo } from 'preact/hooks';
import { hasToken, tokenWanted } from '../api/authorized';
import { BASE, serverAddress } from '../api/client';
import { useDescription } from '../store/context';
import { curlCommand } from '../text/curl';
import { type ApiDocument, type Operation, type Parameter, readOperations } from '../text/openapi';
import { CopyButton } from './CopyButton';
import { DownloadLink } from './DownloadLink';
import { usePageTitle } from './usePageTitle';

/** The operations of the API, from the OpenAPI document that the server itself serves. */
export function ApiPage() {
  const description = useDescription();
  usePageTitle({ paused: false, fresh: 0 });
  useEffect(() => void description.load(), [description, tokenWanted.value]);
  const { document, problem } = description;
  return (
    <main class="api-page" tabIndex={0} aria-label="The API">
      {document.value ? (
        <Operations api={document.value} />
      ) : (
        <p class="detail-note" role={problem.value ? 'alert' : undefined}>
          {problem.value ?? 'Loading…'}
        </p>
      )}
      {problem.value && (
        <button type="button" class="button" onClick={() => void description.load()}>
          Try again
        </button>
      )}
    </main>
  );
}

function Operations({ api }: { api: ApiDocument }) {
  const operations = useMemo(() => readOperations(api), [api]);
  return (
    <>
      <header class="api-head">
        <h2>The API</h2>
        <DownloadLink href={`${BASE}/openapi.json`}>openapi.json</DownloadLink>
        <p>{api.info.description}</p>
      </header>
      {operations.map((operation) => (
        <OperationView key={operation.id} operation={operation} />
      ))}
    </>
  );
}

function OperationView({ operation }: { operation: Operation }) {
  const { id, method, path, summary, description, parameters } = operation;
  const curl = curlCommand(operation, { origin: serverAddress(), token: hasToken() });
  return (
    <article class="panel api-operation" aria-labelledby={`api-${id}`}>
      <header class="api-head">
        <h3 class="mono" id={`api-${id}`}>
          <span class="api-method" data-method={method}>
            {method}
          </span>{' '}
          {path}
        </h3>
        <p>{summary}</p>
      </header>
      <div class="api-curl">
        <code>{curl}</code>
        <CopyButton label="Copy" what={` the curl command of ${id}`} text={() => curl} />
      </div>
      {description && <p class="api-note">{description}</p>}
      {parameters.length > 0 && (
        <details>
          <summary>
            Parameters <span class="api-note">{parameters.length}</span>
            <span class="sr-only"> of {id}</span>
          </summary>
          <dl class="api-parameters">
            {parameters.map((parameter) => (
              <ParameterView key={parameter.name} parameter={parameter} />
            ))}
          </dl>
        </details>
      )}
    </article>
  );
}

function ParameterView({ parameter }: { parameter: Parameter }) {
  const { name, in: location, required, description, schema } = parameter;
  return (
    <>
      <dt>
        <code>{name}</code>{' '}
        <span class="api-note">{required ? `${location}, required` : location}</span>
      </dt>
      <dd>
        {description}
        {schema.enum && <span class="api-note"> One of {schema.enum.join(', ')}.</span>}
        {schema.default !== undefined && (
          <span class="api-note"> Default {`${schema.default}`}.</span>
        )}
      </dd>
    </>
  );
}

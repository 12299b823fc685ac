import { BASE, gatewayAddress } from '../../api/client';
import type { ApiDocument } from '../../text/openapi';
import { CopyButton } from '../CopyButton';
import { DownloadLink } from '../DownloadLink';
import { ApiLink } from './ApiLink';

/** What holds for every operation. */
export function ApiIntro({ api }: { api: ApiDocument }) {
  const { info, components } = api;
  const security = Object.values(components.securitySchemes ?? {});
  return (
    <header class="api-intro">
      <h2>The API</h2>
      <p>
        {info.summary} {info.description}
      </p>
      {security.map(({ description }) => (
        <p key={description}>
          <strong>Token.</strong> {description}
        </p>
      ))}
      <p>
        <strong>Errors.</strong> Each one is a <ApiLink to="Problem">Problem</ApiLink>.{' '}
        <strong>Lists</strong> are read to their end by giving each page's <code>next</code> as{' '}
        <code>cursor</code> of the next request.
      </p>
      <p class="api-base">
        <span>
          Base <code>{gatewayAddress()}</code>
        </span>
        <CopyButton label="Copy" what=" the base address" text={gatewayAddress} />
        <DownloadLink href={`${BASE}/openapi.json`}>openapi.json</DownloadLink>
      </p>
    </header>
  );
}

import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useView } from '../../store/context';
import { type ApiDocument, groupOperations } from '../../text/openapi';
import { ApiIntro } from './ApiIntro';
import { ApiNav } from './ApiNav';
import { ApiOperation } from './ApiOperation';
import { ApiSchema } from './ApiSchema';

/** The whole reference: contents at the side, operations by tag, then schemas. */
export function ApiReference({ api }: { api: ApiDocument }) {
  const groups = useMemo(() => groupOperations(api), [api]);
  const schemas = Object.keys(api.components.schemas);
  const page = useRef<HTMLElement>(null);
  const { at } = useView().reference.value ?? {};
  useEffect(() => {
    if (at === '') page.current?.scrollTo(0, 0);
  }, [at]);
  return (
    <div class="api">
      <ApiNav groups={groups} schemas={schemas} />
      <main class="api-page" tabIndex={0} aria-label="The API" ref={page}>
        <ApiIntro api={api} />
        {groups.map(({ name, description, operations }) => (
          <section key={name} class="api-group" aria-label={name}>
            <h2>
              {name} <span class="api-note">{description}</span>
            </h2>
            {operations.map((operation) => (
              <ApiOperation key={operation.id} api={api} operation={operation} />
            ))}
          </section>
        ))}
        <section class="api-group" aria-label="Schemas">
          <h2>
            schemas <span class="api-note">What requests and answers are made of</span>
          </h2>
          {schemas.map((name) => (
            <ApiSchema key={name} api={api} name={name} />
          ))}
        </section>
      </main>
    </div>
  );
}

import type { Message } from '../api/types';
import { snippetKind } from '../store/preferences';
import { SNIPPETS, snippet, targetOf } from '../text/snippets';
import { CodeBlock } from './CodeBlock';
import { Segments } from './Segments';

interface Props {
  message: Message;
  /** What came over the raw. */
  raw: Uint8Array;
}

/** How to send the same bytes again from a terminal or a program. */
export function SnippetBox({ message, raw }: Props) {
  const kind = snippetKind.value;
  const target = targetOf(message.service, message.listener, location.hostname);
  return (
    <section class="snippets" aria-label="Send the same bytes yourself">
      <CodeBlock what={`the ${kind} snippet`} text={snippet(kind, target, raw)}>
        <h3>Reproduce</h3>
        <Segments
          label="Reproduce with"
          options={SNIPPETS}
          value={kind}
          onChange={(next) => {
            snippetKind.value = next;
          }}
        />
      </CodeBlock>
      {message.received.truncated && (
        <p class="side-note">This sends what socklens kept of it, which is not all.</p>
      )}
    </section>
  );
}

import type { Message } from '../api/types';
import { snippetKind } from '../store/preferences';
import { SNIPPETS, snippet, targetOf } from '../text/snippets';
import { CopyButton } from './CopyButton';
import { Segments } from './Segments';

interface Props {
  message: Message;
  /** What came over the wire. */
  raw: Uint8Array;
}

/** How to send the same bytes again from a terminal or a program. */
export function SnippetBox({ message, raw }: Props) {
  const kind = snippetKind.value;
  const text = snippet(kind, targetOf(message.service, message.listener, location.hostname), raw);
  return (
    <section class="snippets" aria-label="Send the same bytes yourself">
      <header class="side-head">
        <h3>Reproduce</h3>
        <Segments
          label="Reproduce with"
          options={SNIPPETS}
          value={kind}
          onChange={(next) => {
            snippetKind.value = next;
          }}
        />
        <span class="side-tools">
          <CopyButton label="Copy" what={`: copy the ${kind} snippet`} text={() => text} />
        </span>
      </header>
      <pre class="snippet" tabIndex={0}>
        {text}
      </pre>
      {message.received.truncated && (
        <p class="side-note">This sends what socklens kept of it, which is not all.</p>
      )}
    </section>
  );
}

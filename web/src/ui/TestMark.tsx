import type { Client } from '../api/types';
import { useDescription } from '../store/context';

/** Traffic of the server's own, sent from the page or over the API: nobody else's client. */
export function TestMark({ client }: { client: Client }) {
  const description = useDescription();
  const title = [
    description.word('Test'),
    client.close_reason && description.valueWord('CloseReason', client.close_reason),
  ];
  return (
    <span class="test-mark" title={title.filter(Boolean).join(' · ')}>
      own test
    </span>
  );
}

import type { Message } from '../api/types';
import { useView } from '../store/context';
import { Outcome } from './Outcome';
import { PayloadText } from './PayloadText';
import { Time } from './Time';

/** One message of a conversation and its reply. */
export function Turn({ message }: { message: Message }) {
  const view = useView();
  const { received, sent, outcome } = message;
  return (
    <li class="turn">
      <button
        type="button"
        class="turn-time link"
        onClick={() => view.show({ kind: 'message', seq: message.seq })}
      >
        <span class="unseen">Message {message.seq}, </span>
        <Time at={message.received_at} />
      </button>
      <p class="bubble bubble-in">
        <span class="unseen">received </span>
        <PayloadText payload={received} />
      </p>
      <p class="bubble bubble-out">
        {outcome !== 'replied' && <Outcome outcome={outcome} />}
        {sent && (
          <>
            <span class="unseen">replied </span>
            <PayloadText payload={sent} />
          </>
        )}
      </p>
    </li>
  );
}

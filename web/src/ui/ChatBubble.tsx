import type { Message } from '../api/types';
import { useView } from '../store/context';
import { Outcome } from './Outcome';
import { PayloadText } from './PayloadText';
import { Time } from './Time';

/** One message of a conversation and its reply. */
export function ChatBubble({ message }: { message: Message }) {
  const view = useView();
  const { received, sent, outcome } = message;
  return (
    <li class="chat-bubble">
      <button
        type="button"
        class="chat-bubble-time link"
        onClick={() => view.show({ kind: 'message', seq: message.seq })}
      >
        <span class="sr-only">Message {message.seq}, </span>
        <Time at={message.received_at} />
      </button>
      <p class="bubble bubble-in">
        <span class="sr-only">received </span>
        <PayloadText payload={received} />
      </p>
      <p class="bubble bubble-out">
        {outcome !== 'replied' && <Outcome outcome={outcome} />}
        {sent && (
          <>
            <span class="sr-only">replied </span>
            <PayloadText payload={sent} />
          </>
        )}
      </p>
    </li>
  );
}

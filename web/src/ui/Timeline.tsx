import { ChatBubble } from './ChatBubble';
import { useConversation } from './useConversation';

interface Props {
  clientId: number;
  /** Moves when the client may have said more. */
  version: number;
}

/** What a client said and was answered, the newest first, as in a chat. */
export function Timeline({ clientId, version }: Props) {
  const { messages, older, problem, loadOlder } = useConversation(clientId, version);
  return (
    <section class="timeline" aria-label="Conversation">
      <h3>Conversation</h3>
      {problem && <p class="side-note">{problem}</p>}
      {messages?.length === 0 && <p class="empty">Nothing said yet.</p>}
      <ol>
        {messages?.map((message) => (
          <ChatBubble key={message.seq} message={message} />
        ))}
      </ol>
      {older && (
        <button type="button" class="button" onClick={loadOlder}>
          Earlier
        </button>
      )}
    </section>
  );
}

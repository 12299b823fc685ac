import { useEffect, useState } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Message } from '../api/types';
import { useView } from '../store/context';
import { Outcome } from './Outcome';
import { PayloadText } from './PayloadText';
import { Time } from './Time';

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

/** One message of a conversation and its reply. */
function ChatBubble({ message }: { message: Message }) {
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

const PAGE = 50;

interface Conversation {
  messages: Message[] | null;
  next: string | null;
  problem: string | null;
}

const NOTHING: Conversation = { messages: null, next: null, problem: null };

/** The newest page, kept up to date, and as many pages before it as were asked for. */
function useConversation(client: number, version: number) {
  const [known, setKnown] = useState<Conversation>(NOTHING);
  const refuse = (error: unknown) => {
    if (!(error instanceof ApiProblem)) throw error;
    setKnown((before) => ({ ...before, problem: error.sentence }));
  };
  useEffect(() => {
    let current = true;
    api.messages({ client, limit: PAGE }).then((list) => {
      if (current) setKnown((before) => withNewest(before, list.items, list.page.next));
    }, refuse);
    return () => {
      current = false;
    };
  }, [client, version]);
  const loadOlder = () => {
    if (!known.next) return;
    api.messages({ client, limit: PAGE, cursor: known.next }).then(
      (list) =>
        setKnown((before) => ({
          messages: [...(before.messages ?? []), ...list.items],
          next: list.page.next,
          problem: null,
        })),
      refuse,
    );
  };
  return { ...known, older: known.next !== null, loadOlder };
}

/** A page that does not reach the known messages replaces them, so that none are missing between. */
function withNewest(before: Conversation, page: Message[], next: string | null): Conversation {
  const lowest = page.at(-1)?.seq ?? 0;
  const kept = (before.messages ?? []).filter(({ seq }) => seq < lowest);
  const touches = before.messages?.some(({ seq }) => seq >= lowest) ?? false;
  if (!touches || kept.length === 0) return { messages: page, next, problem: null };
  return { messages: [...page, ...kept], next: before.next, problem: null };
}

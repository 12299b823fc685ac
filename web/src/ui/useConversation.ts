import { useEffect, useState } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Message } from '../api/types';

const PAGE = 50;

interface Conversation {
  messages: Message[] | null;
  next: string | null;
  problem: string | null;
}

const NOTHING: Conversation = { messages: null, next: null, problem: null };

/** The newest page, kept up to date, and as many pages before it as were asked for. */
export function useConversation(client: number, version: number) {
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

/** A page that does not reach down to what is known replaces it: no silent hole. */
function withNewest(before: Conversation, page: Message[], next: string | null): Conversation {
  const lowest = page.at(-1)?.seq ?? 0;
  const kept = (before.messages ?? []).filter(({ seq }) => seq < lowest);
  const touches = before.messages?.some(({ seq }) => seq >= lowest) ?? false;
  if (!touches || kept.length === 0) return { messages: page, next, problem: null };
  return { messages: [...page, ...kept], next: before.next, problem: null };
}

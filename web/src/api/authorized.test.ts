import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizedFetch, offerToken, tokenWanted } from './authorized';

const kept = new Map<string, string>();
globalThis.sessionStorage = {
  getItem: (name: string) => kept.get(name) ?? null,
  setItem: (name: string, value: string) => void kept.set(name, value),
} as Storage;

/** A server that knows one token; its answers wait until they are let go. */
function guardedBy(token: string) {
  const held: (() => void)[] = [];
  globalThis.fetch = (async (_: string, init: RequestInit) => {
    const shown = (init.headers as Record<string, string>).Authorization;
    await new Promise<void>((resolve) => held.push(resolve));
    return new Response(null, { status: shown === `Bearer ${token}` ? 200 : 401 });
  }) as typeof fetch;
  return { letGo: (index: number) => held[index]?.() };
}

test('a refusal that comes after the token does not ask for it again', async () => {
  const server = guardedBy('right');
  const early = authorizedFetch('api/v1/messages');
  const offered = offerToken('right');
  server.letGo(1);
  assert.equal(await offered, true);
  server.letGo(0);
  await Promise.resolve().then(() => new Promise((resolve) => setImmediate(resolve)));
  server.letGo(2);
  assert.equal((await early).status, 200);
  assert.equal(tokenWanted.value, false);
});

test('a token that is no longer known is asked for', async () => {
  const server = guardedBy('renewed');
  const refused = authorizedFetch('api/v1/messages');
  server.letGo(0);
  assert.equal((await refused).status, 401);
  assert.equal(tokenWanted.value, true);
});

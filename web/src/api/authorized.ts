/** Requests with the server's token, where it asks for one. The token is kept for as long as the tab is. */
import { signal } from '@preact/signals';

const NAME = 'socklens.token';

/** The server refused a request for want of a token. */
export const tokenWanted = signal(false);

export function hasToken(): boolean {
  return read() !== null;
}

/** A link may bring the token behind its #, once: it is kept, and the address is cleaned of it. */
export function takeTokenFrom(hash: string): string {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const token = params.get('token');
  if (token === null) return hash;
  params.delete('token');
  if (token) keep(token);
  const rest = params.toString();
  return rest && `#${rest}`;
}

/** Tabs of one browser need the token once: one that comes asks the others, which hear only their own origin. */
export function shareToken(name: string): void {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<{ token: string | null }>) => {
    const token = read();
    if (data.token === null) {
      if (token !== null && !tokenWanted.value) channel.postMessage({ token });
    } else if (token === null || tokenWanted.value) {
      void offerToken(data.token).catch(() => false);
    }
  };
  tokenWanted.subscribe((wanted) => {
    const token = read();
    if (wanted) channel.postMessage({ token: null });
    else if (token !== null) channel.postMessage({ token });
  });
}

/** Tries a token, and keeps it if the server knows it. False if not, or if nothing can be asked now. */
export async function offerToken(token: string): Promise<boolean> {
  const { ok } = await fetch('api/v1/status', { cache: 'no-store', headers: bearer(token) });
  if (!ok) return false;
  keep(token);
  tokenWanted.value = false;
  return true;
}

function keep(token: string): void {
  try {
    sessionStorage.setItem(NAME, token);
  } catch {
    // Nothing can be kept: the next request asks again.
  }
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

function read(): string | null {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

export type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

export async function authorizedFetch(url: string, init: Init = {}): Promise<Response> {
  const token = read();
  const headers = { ...init.headers, ...(token !== null && bearer(token)) };
  const response = await fetch(url, { cache: 'no-store', ...init, headers });
  if (response.status !== 401) return response;
  // Refused by what was known when it was sent: a token that came meanwhile may do.
  if (read() !== token) return authorizedFetch(url, init);
  tokenWanted.value = true;
  return response;
}

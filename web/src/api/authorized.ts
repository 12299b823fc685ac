/** Requests with the gateway's token, where it asks for one. The token is kept for as long as the tab is. */
import { signal } from '@preact/signals';

const NAME = 'socklens.token';

/** The gateway refused a request for want of a token. */
export const tokenWanted = signal(false);

export function hasToken(): boolean {
  return read() !== null;
}

export function setToken(token: string): void {
  try {
    sessionStorage.setItem(NAME, token);
  } catch {
    // Nothing can be kept: the next request asks again.
  }
}

function read(): string | null {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

export async function authorizedFetch(url: string, init: RequestInit = {}): Promise<Response> {
  const token = read();
  const headers = new Headers(init.headers);
  if (token !== null) headers.set('Authorization', `Bearer ${token}`);
  const response = await fetch(url, { cache: 'no-store', ...init, headers });
  if (response.status === 401) tokenWanted.value = true;
  return response;
}

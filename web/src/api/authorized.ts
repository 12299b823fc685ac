/** Requests with the gateway's token, where it asks for one. The token is kept for as long as the tab is. */
import { signal } from '@preact/signals';

const NAME = 'socklens.token';

/** The gateway refused a request for want of a token. */
export const tokenWanted = signal(false);

export function hasToken(): boolean {
  return read() !== null;
}

/** Tries a token, and keeps it if the gateway knows it. False if not, or if nothing can be asked now. */
export async function offerToken(token: string): Promise<boolean> {
  const { ok } = await fetch('api/v1/status', { cache: 'no-store', headers: bearer(token) });
  if (!ok) return false;
  try {
    sessionStorage.setItem(NAME, token);
  } catch {
    // Nothing can be kept: the next request asks again.
  }
  tokenWanted.value = false;
  return true;
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
  if (response.status === 401) tokenWanted.value = true;
  return response;
}

import type { DatagramRequest, PayloadEncoding } from '../api/types';

/** What the send form holds; a target is a listener's service, or an address. */
export interface Draft {
  target: { listener: string } | { to: string };
  encoding: PayloadEncoding;
  payload: string;
  fromPort: number;
  timeoutMs: number;
}

/** The parts of the form that an error can stand at; `form` is for what concerns none of them. */
export type SendField = 'target' | 'payload' | 'fromPort' | 'timeoutMs' | 'form';

export function draftRequest(draft: Draft): DatagramRequest {
  const { target, encoding, payload } = draft;
  const timing = { from_port: draft.fromPort, timeout_ms: draft.timeoutMs };
  if (encoding === 'hex') return { ...target, hex: payload, ...timing };
  if (encoding === 'base64') return { ...target, base64: payload, ...timing };
  return { ...target, text: payload, ...timing };
}

const FIELDS: Record<string, SendField> = {
  listener: 'target',
  to: 'target',
  text: 'payload',
  hex: 'payload',
  base64: 'payload',
  from_port: 'fromPort',
  timeout_ms: 'timeoutMs',
};

export function fieldOfParam(param: string | null): SendField {
  return (param && FIELDS[param]) || 'form';
}

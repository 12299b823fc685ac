/** What the send form holds, and what of it a request is made of. */
import type { DatagramRequest, Listener, Message, PayloadEncoding } from '../api/types';
import { bytesFromBase64, bytesToBase64, bytesToHex } from '../text/bytes';
import { escapeForTyping, unescapeText } from '../text/unescape';

/** As it was typed: also what is kept in the browser. */
export interface Packet {
  /** A listener's address or its service, or any address. */
  to: string;
  encoding: PayloadEncoding;
  payload: string;
  fromPort: string;
  timeoutMs: string;
  count: string;
  intervalMs: string;
}

export type PacketField = keyof Packet;

export const FIRST_PACKET: Packet = {
  to: 'udp-upper',
  encoding: 'text',
  payload: 'hello from client1',
  fromPort: '0',
  timeoutMs: '1000',
  count: '1',
  intervalMs: '100',
};

/** The part of the form that an error stands at; `form` is for what concerns none of its fields. */
export interface FieldProblem {
  field: PacketField | 'form';
  message: string;
}

export interface Series {
  request: DatagramRequest;
  count: number;
  intervalMs: number;
}

export const COUNT_MAX = 10_000;
export const INTERVAL_MAX_MS = 60_000;

/** What the server can judge better (addresses, ports, sizes) is left to it. */
export function packetProblem(packet: Packet): FieldProblem | null {
  const payload = packet.encoding === 'text' ? unescapeText(packet.payload) : null;
  if (payload && 'problem' in payload) return { field: 'payload', message: payload.problem };
  return (
    wholeNumber('count', packet.count, 1, COUNT_MAX) ??
    wholeNumber('intervalMs', packet.intervalMs, 0, INTERVAL_MAX_MS)
  );
}

function wholeNumber(
  field: PacketField,
  text: string,
  least: number,
  most: number,
): FieldProblem | null {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return null;
  return { field, message: `${least} to ${most}` };
}

export function packetSeries(packet: Packet, listeners: readonly Listener[]): Series {
  const timing = { from_port: Number(packet.fromPort), timeout_ms: Number(packet.timeoutMs) };
  return {
    request: { ...target(packet.to, listeners), ...payloadOf(packet), ...timing },
    count: Number(packet.count),
    intervalMs: Number(packet.intervalMs),
  };
}

/** By its service where that says enough, so that a wildcard address is the server's to resolve. */
function target(to: string, listeners: readonly Listener[]): { listener: string } | { to: string } {
  const service = listeners.find((l) => l.address === to || l.service === to)?.service;
  const alone = listeners.filter((l) => l.service === service).length === 1;
  return service && alone ? { listener: service } : { to };
}

type PayloadPart = { text: string } | { hex: string } | { base64: string };

function payloadOf({ encoding, payload }: Packet): PayloadPart {
  if (encoding === 'hex') return { hex: payload };
  if (encoding === 'base64') return { base64: payload };
  const result = unescapeText(payload);
  if ('bytes' in result && result.escaped) return { base64: bytesToBase64(result.bytes) };
  return { text: payload };
}

const FIELDS: Record<string, PacketField> = {
  listener: 'to',
  to: 'to',
  text: 'payload',
  hex: 'payload',
  base64: 'payload',
  from_port: 'fromPort',
  timeout_ms: 'timeoutMs',
};

export function fieldOfParam(param: string | null): FieldProblem['field'] {
  return (param && FIELDS[param]) || 'form';
}

/** A message as the packet that sends its bytes once more. */
export function packetOf(message: Message): Packet {
  const { text, base64 } = message.received;
  const bytes = { to: message.listener, count: '1' };
  if (text !== null)
    return { ...FIRST_PACKET, ...bytes, encoding: 'text', payload: escapeForTyping(text) };
  const payload = bytesToHex(bytesFromBase64(base64));
  return { ...FIRST_PACKET, ...bytes, encoding: 'hex', payload };
}

import type { Message } from '../api/types';
import { bytesFromBase64 } from './bytes';

/** What came over the wire: the message and, where it was a line, what ended that. */
const LINE_ENDS: Record<Message['line_end'], string> = { none: '', lf: '\n', crlf: '\r\n' };

export function rawBytes({ received, line_end }: Message): Uint8Array {
  const bytes = bytesFromBase64(received.base64);
  const end = new TextEncoder().encode(LINE_ENDS[line_end]);
  const raw = new Uint8Array(bytes.length + end.length);
  raw.set(bytes);
  raw.set(end, bytes.length);
  return raw;
}

import { useCallback } from 'preact/hooks';
import { hexOf } from '../text/bytes';
import { BLANK } from '../text/escape';
import { PayloadLines } from './PayloadLines';

const WIDTH = 8;

interface Props {
  label: string;
  bytes: Uint8Array;
  marks: Uint8Array | null;
}

/** Offset, eight bytes in hex, and the same in ASCII. */
export function HexDump({ label, bytes, marks }: Props) {
  const offsets = useCallback(
    () => Array.from({ length: Math.ceil(bytes.length / WIDTH) }, (_, n) => n * WIDTH),
    [bytes],
  );
  return (
    <PayloadLines label={label} class="hex" lines={offsets}>
      {(offset) => {
        const line = [...bytes.subarray(offset, offset + WIDTH)];
        const isMarked = (i: number) => marks?.[offset + i] === 1;
        const gap = (i: number) => (i === WIDTH / 2 - 1 ? '  ' : ' ');
        return (
          <>
            <span class="hex-offset">{offset.toString(16).padStart(4, '0')}</span>
            <span class="hex-bytes">{withMarks(line.map(hexOf), isMarked, gap)}</span>
            <span class="hex-ascii">{withMarks(line.map(asciiOf), isMarked, () => '')}</span>
          </>
        );
      }}
    </PayloadLines>
  );
}

function asciiOf(byte: number): string {
  if (byte === 0x20) return BLANK;
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}

/** Neighbours that are marked alike as one piece: an element where they are marked, else plain text. */
function withMarks(
  parts: readonly string[],
  isMarked: (i: number) => boolean,
  gap: (i: number) => string,
) {
  const runs: { text: string; marked: boolean; end: number }[] = [];
  for (const [i, part] of parts.entries()) {
    const last = runs.at(-1);
    const marked = isMarked(i);
    if (last?.marked === marked) {
      last.text += gap(last.end) + part;
      last.end = i;
    } else runs.push({ text: part, marked, end: i });
  }
  return runs.map(({ text, marked, end }) =>
    marked ? (
      <>
        <span class="marked">{text}</span>
        {gap(end)}
      </>
    ) : (
      text + gap(end)
    ),
  );
}

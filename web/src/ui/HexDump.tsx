import { hexOf } from '../text/bytes';

const WIDTH = 8;

interface Props {
  bytes: Uint8Array;
  marks: Uint8Array | null;
}

/** Offset, eight bytes in hex, and the same in ASCII. */
export function HexDump({ bytes, marks }: Props) {
  const lines = Array.from({ length: Math.ceil(bytes.length / WIDTH) }, (_, n) => n * WIDTH);
  return (
    <div class="hex">
      {lines.map((offset) => {
        const line = [...bytes.subarray(offset, offset + WIDTH)];
        const mark = (i: number) => (marks?.[offset + i] ? 'marked' : undefined);
        return (
          <div key={offset} class="hex-line">
            <span class="hex-offset">{offset.toString(16).padStart(4, '0')}</span>
            <span class="hex-bytes">
              {line.map((byte, i) => [
                <span key={offset + i} class={mark(i)}>
                  {hexOf(byte)}
                </span>,
                i === WIDTH / 2 - 1 ? '  ' : ' ',
              ])}
            </span>
            <span class="hex-ascii">
              {line.map((byte, i) => (
                <span key={offset + i} class={mark(i)}>
                  {byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'}
                </span>
              ))}
            </span>
          </div>
        );
      })}
    </div>
  );
}

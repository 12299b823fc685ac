import type { ComponentChildren } from 'preact';
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { rawUrl } from '../api/client';
import type { Payload, Side } from '../api/types';
import { bytesToHex, hexOf } from '../text/bytes';
import { BLANK } from '../text/escape';
import { formatCount } from '../text/format';
import { type Glyph, glyphLines, glyphRuns, literalGlyphs, textGlyphs } from '../text/glyphs';
import { CopyButton } from './CopyButton';
import { DownloadLink } from './DownloadLink';
import { printing } from './printing';
import { useSize } from './useSize';

type PayloadView = 'text' | 'hex' | 'escaped';

const NOTHING = new Uint8Array(0);

interface Props {
  title: string;
  side: Side;
  seq: number;
  payload: Payload;
  bytes: Uint8Array;
  /** What stood for it on the wire. */
  raw: Uint8Array;
  marks: Uint8Array | null;
  view: PayloadView;
}

/** One side of an exchange, whole. */
export function PayloadSide({ title, side, seq, payload, bytes, raw, marks, view }: Props) {
  const glyphs = useMemo(
    () => (view === 'escaped' ? literalGlyphs : textGlyphs)(view === 'hex' ? NOTHING : bytes),
    [view, bytes],
  );
  const label = `${title}, as ${view}`;
  return (
    <section class="side" data-side={side} aria-label={title}>
      <header class="side-head">
        <h3>{title}</h3>
        <span class="side-size">{formatCount(payload.size)} B</span>
      </header>
      {bytes.length === 0 && <p class="side-body empty">empty</p>}
      {bytes.length > 0 && view === 'hex' && <HexDump label={label} bytes={bytes} marks={marks} />}
      {bytes.length > 0 && view !== 'hex' && (
        <GlyphText label={label} glyphs={glyphs} marks={marks} />
      )}
      <p class="side-tools">
        <CopyButton
          label="Copy text"
          what={` of what was ${side}`}
          text={() => payload.text ?? new TextDecoder().decode(bytes)}
        />
        <CopyButton label="Copy hex" what={` of what was ${side}`} text={() => bytesToHex(raw)} />
        <DownloadLink href={rawUrl(seq, side)}>
          Download<span class="sr-only"> what was {side}</span>
        </DownloadLink>
      </p>
      {payload.truncated && (
        <p class="side-note">
          socklens kept the first {formatCount(payload.stored_size)} bytes of it.
        </p>
      )}
    </section>
  );
}

interface GlyphTextProps {
  label: string;
  glyphs: readonly Glyph[];
  marks: Uint8Array | null;
}

/** A payload in full, line by line. Whatever it holds, it becomes text nodes and nothing else. */
function GlyphText({ label, glyphs, marks }: GlyphTextProps) {
  const lines = useCallback((columns: number) => glyphLines(glyphs, columns), [glyphs]);
  return (
    <PayloadLines label={label} class="glyphs" lines={lines}>
      {(line) =>
        glyphRuns(line, marks).map(({ text, look, marked }, index) => {
          if (look === 'plain' && !marked) return text;
          const name = `${look === 'plain' ? '' : look} ${marked ? 'marked' : ''}`;
          return (
            <span key={index} class={name.trim()}>
              {text}
            </span>
          );
        })
      }
    </PayloadLines>
  );
}

const WIDTH = 8;

interface HexDumpProps {
  label: string;
  bytes: Uint8Array;
  marks: Uint8Array | null;
}

/** Offset, eight bytes in hex, and the same in ASCII. */
function HexDump({ label, bytes, marks }: HexDumpProps) {
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

/** So many lines stand in the document as a whole, where the browser's own search finds them. */
const WHOLE_LINES = 128;
/** Lines drawn beyond each edge, so that a quick scroll does not show white. */
const OVERSCAN = 8;
/** Until it is measured. */
const FIRST_GUESS = { columnPx: 7, linePx: 19 };

interface PayloadLinesProps<Line> {
  label: string;
  class: string;
  /** All lines, where one has room for so many columns. */
  lines: (columns: number) => readonly Line[];
  children: (line: Line) => ComponentChildren;
}

/**
 * A payload as lines. Of a long one only those in view are in the document, so that what it costs to
 * show does not grow with its size.
 */
function PayloadLines<Line>({ label, class: name, lines, children }: PayloadLinesProps<Line>) {
  const scroller = useRef<HTMLElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const [{ columnPx, linePx }, setType] = useState(FIRST_GUESS);
  const [top, setTop] = useState(0);
  const { width, height } = useSize(scroller);
  useLayoutEffect(() => {
    const box = probe.current?.getBoundingClientRect();
    if (box && box.width > 0) setType({ columnPx: box.width, linePx: box.height });
  }, [width]);

  // Room for the padding and for a scroll bar, whether there is one or not.
  const columns = Math.max(8, Math.floor(width / columnPx) - 4);
  const all = useMemo(() => lines(columns), [lines, columns]);
  const long = all.length > WHOLE_LINES && !printing.value;
  const first = long ? Math.max(0, Math.floor(top / linePx) - OVERSCAN) : 0;
  const last = long ? first + Math.ceil(height / linePx) + 2 * OVERSCAN : all.length;
  return (
    <section
      class="side-body"
      data-long={long}
      aria-label={label}
      tabIndex={long ? 0 : -1}
      ref={scroller}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <span class="line-probe" ref={probe} />
      <div
        class={name}
        style={
          long ? { height: `${all.length * linePx}px`, paddingTop: `${first * linePx}px` } : {}
        }
      >
        {all.slice(first, last).map((line, index) => (
          <bdi key={first + index} class="line">
            {children(line)}
          </bdi>
        ))}
      </div>
    </section>
  );
}

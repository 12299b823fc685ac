import { useState } from 'preact/hooks';
import { rawUrl, type Side } from '../api/client';
import type { Payload } from '../api/types';
import { bytesToHex } from '../text/bytes';
import { formatCount } from '../text/format';
import { literalGlyphs, textGlyphs } from '../text/glyphs';
import { CopyButton } from './CopyButton';
import { DownloadLink } from './DownloadLink';
import { GlyphText } from './GlyphText';
import { HexDump } from './HexDump';

type PayloadView = 'text' | 'hex' | 'escaped';

/** Shown at once; more of a payload is shown when asked for. */
const FIRST_BYTES = 2048;

interface Props {
  title: string;
  side: Side;
  seq: number;
  payload: Payload;
  bytes: Uint8Array;
  /** What stood for it on the wire. */
  wire: Uint8Array;
  marks: Uint8Array | null;
  view: PayloadView;
}

/** One side of an exchange, whole. */
export function PayloadSide({ title, side, seq, payload, bytes, wire, marks, view }: Props) {
  const [whole, setWhole] = useState(false);
  const shown = whole ? bytes : bytes.subarray(0, FIRST_BYTES);
  return (
    <section class="side" data-side={side} aria-label={title}>
      <header class="side-head">
        <h3>{title}</h3>
        <span class="side-size">{formatCount(payload.size)} B</span>
      </header>
      <div class="side-body">
        {bytes.length === 0 && <p class="empty">empty</p>}
        {view === 'hex' && <HexDump bytes={shown} marks={marks} />}
        {view === 'text' && <GlyphText glyphs={textGlyphs(shown)} marks={marks} />}
        {view === 'escaped' && <GlyphText glyphs={literalGlyphs(shown)} marks={marks} />}
      </div>
      {shown.length < bytes.length && (
        <button type="button" class="button" onClick={() => setWhole(true)}>
          Show all {formatCount(bytes.length)} bytes
        </button>
      )}
      <p class="side-tools">
        <CopyButton
          label="Copy text"
          what={` of what was ${side}`}
          text={() => payload.text ?? new TextDecoder().decode(bytes)}
        />
        <CopyButton label="Copy hex" what={` of what was ${side}`} text={() => bytesToHex(wire)} />
        <DownloadLink href={rawUrl(seq, side)}>
          Download<span class="unseen"> what was {side}</span>
        </DownloadLink>
      </p>
      {payload.truncated && (
        <p class="side-note">
          The gateway kept the first {formatCount(payload.stored_size)} bytes of it.
        </p>
      )}
    </section>
  );
}

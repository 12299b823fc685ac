import { useMemo } from 'preact/hooks';
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

const NOTHING = new Uint8Array(0);

interface Props {
  title: string;
  side: Side;
  seq: number;
  payload: Payload;
  bytes: Uint8Array;
  /** What stood for it on the raw. */
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

import { useCallback } from 'preact/hooks';
import { type Glyph, glyphLines, glyphRuns } from '../text/glyphs';
import { PayloadLines } from './PayloadLines';

interface Props {
  label: string;
  glyphs: readonly Glyph[];
  marks: Uint8Array | null;
}

/** A payload in full, line by line. Whatever it holds, it becomes text nodes and nothing else. */
export function GlyphText({ label, glyphs, marks }: Props) {
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

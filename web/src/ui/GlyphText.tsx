import { type Glyph, glyphRuns } from '../text/glyphs';

interface Props {
  glyphs: readonly Glyph[];
  marks: Uint8Array | null;
}

/** A payload in full. Whatever it holds, it becomes text nodes and nothing else. */
export function GlyphText({ glyphs, marks }: Props) {
  return (
    <bdi class="glyphs">
      {glyphRuns(glyphs, marks).map(({ text, escaped, marked }, index) => {
        if (!escaped && !marked) return text;
        const name = `${escaped ? 'escape' : ''} ${marked ? 'marked' : ''}`;
        return (
          <span key={index} class={name.trim()}>
            {text}
          </span>
        );
      })}
    </bdi>
  );
}

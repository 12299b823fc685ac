import type { ComponentChildren } from 'preact';
import { CopyButton } from './CopyButton';

interface Props {
  /** What it is, for the button that copies it: "the C snippet". */
  what: string;
  text: string;
  /** What stands in front of the button. */
  children?: ComponentChildren;
}

/** Text to be run or read elsewhere, with a button that copies it. */
export function CodeBlock({ what, text, children }: Props) {
  return (
    <>
      <header class="side-head">
        {children}
        <span class="side-tools">
          <CopyButton label="Copy" what={`: copy ${what}`} text={() => text} />
        </span>
      </header>
      <pre class="snippet" tabIndex={0}>
        {text}
      </pre>
    </>
  );
}

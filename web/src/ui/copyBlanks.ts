/** What is selected and copied holds the blanks that came, not the signs that stand for them. */
import { BLANK } from '../text/escape';

export function copyBlanks(document: Document): void {
  document.addEventListener('copy', (event) => {
    const selection = document.getSelection();
    const target = event.target instanceof Element ? event.target : null;
    if (!selection?.rangeCount || target?.matches('input, textarea')) return;
    const text = textOf(selection);
    if (text === null) return;
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
  });
}

/** Null where the browser's own idea of it is right. */
function textOf(selection: Selection): string | null {
  const range = selection.getRangeAt(0);
  const place = range.commonAncestorContainer;
  const element = place instanceof Element ? place : place.parentElement;
  if (element?.closest('.blank')) return plain(range.toString());
  // Inside one payload the line feeds are the payload's own, not those of lines that were full.
  if (element?.closest('.glyphs, .payload')) {
    const part = range.cloneContents();
    for (const blank of part.querySelectorAll('.blank'))
      blank.textContent = plain(blank.textContent);
    return part.textContent;
  }
  const words = selection.toString();
  return words.includes(BLANK) ? plain(words) : null;
}

function plain(text: string | null): string {
  return (text ?? '').replaceAll(BLANK, ' ');
}

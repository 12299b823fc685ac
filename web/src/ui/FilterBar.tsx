import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useServer, useView } from '../store/context';
import { isEmptyFilter, NO_FILTER } from '../store/filter';
import type { MessageLog } from '../store/log';
import { timeZone } from '../store/preferences';
import { quoted } from '../text/filterHints';
import { type Suggestion, suggest, tokenAt } from '../text/filterSuggest';
import { pasted, readFilter, writeFilter } from '../text/filterText';
import { formatCount } from '../text/format';
import { keyTarget } from './keyTarget';
import { SuggestionList } from './SuggestionList';
import { useFilterWords } from './useFilterWords';

interface Props {
  /** The rows that are shown. */
  log: MessageLog;
}

/**
 * The filter as a line of text, taken with Enter. What is typed is judged at once; what may still
 * become right, with Enter or when the field is left.
 */
export function FilterBar({ log }: Props) {
  const server = useServer();
  const view = useView();
  const { vocabulary, choices } = useFilterWords();
  const filter = view.filter.value;
  const written = writeFilter(filter, vocabulary());
  const [line, setLine] = useState(written);
  /** The caret while the line is edited; null before that and after Enter. */
  const [typingAt, setTypingAt] = useState<number | null>(null);
  const [suggestions, setSuggestions] = useState<Suggestion[]>([]);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => setLine(written), [filter, timeZone.value]);

  const read = readFilter(line, vocabulary());
  const typed = line.trim() !== written;
  const refused = typed ? null : server.filterProblem.value;
  const problem = 'problem' in read ? read.problem : refused;
  const isPending =
    'problem' in read &&
    read.unfinished &&
    typingAt !== null &&
    read.from <= typingAt &&
    typingAt <= read.to;
  const isInvalid = problem !== null && !isPending;
  const phrase = 'filter' in read && typed ? phraseHint(read.filter.text) : null;
  const said = problem ?? (typingAt === null ? null : phrase);
  const open = suggestions.length > 0;

  const close = () => {
    setSuggestions([]);
    setActive(-1);
  };
  const consider = () => {
    const element = input.current;
    if (!element) return;
    const caret = element.selectionStart ?? 0;
    setTypingAt(caret);
    setSuggestions(suggest(element.value, caret, choices()));
    setActive(-1);
  };
  const accept = (suggestion: Suggestion) => {
    const element = input.current;
    if (!element) return;
    const { from, to } = tokenAt(line, element.selectionStart ?? line.length);
    const space = suggestion.insert.endsWith(':') ? '' : ' ';
    element.value = `${line.slice(0, from)}${suggestion.insert}${space}${line.slice(to).trimStart()}`;
    const caret = from + suggestion.insert.length + space.length;
    element.setSelectionRange(caret, caret);
    element.focus();
    setLine(element.value);
    if (space) close();
    else consider();
  };
  const apply = () => {
    close();
    setTypingAt(null);
    if ('problem' in read) return;
    view.setFilter(read.filter);
    setLine(writeFilter(read.filter, vocabulary()));
    // What it found is next, and the page's keys are not typed into the field.
    keyTarget('log')?.focus({ preventScroll: true });
  };
  const clear = () => {
    close();
    setTypingAt(null);
    view.setFilter(NO_FILTER);
    setLine('');
    input.current?.focus();
  };
  const step = (by: number) => {
    const count = suggestions.length;
    if (!open) consider();
    else setActive((active + by + (active < 0 && by < 0 ? 1 : 0) + count) % count);
  };
  const paste = (event: ClipboardEvent) => {
    const text = pasted(event.clipboardData?.getData('text/plain') ?? '');
    const element = input.current;
    if (text === null || !element) return;
    event.preventDefault();
    element.setRangeText(
      text,
      element.selectionStart ?? 0,
      element.selectionEnd ?? element.value.length,
      'end',
    );
    setLine(element.value);
    consider();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = suggestions[active];
    if (event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowUp') step(-1);
    else if (event.key === 'Enter' && chosen) accept(chosen);
    else if (event.key === 'Enter') apply();
    else if (event.key === 'Escape') input.current?.blur();
    else return;
    event.preventDefault();
  };
  return (
    <search class="filter-bar" data-invalid={isInvalid}>
      <div class="filter-field">
        <input
          id={`${id}-input`}
          class="mono"
          type="text"
          role="combobox"
          aria-label="Filter messages"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
          aria-describedby={`${id}-said ${id}-note`}
          aria-invalid={isInvalid}
          placeholder="Filter: a text, or outcome:… -service:… address:… size:…"
          spellcheck={false}
          autocomplete="off"
          value={line}
          ref={input}
          data-keys="filter"
          onInput={(event) => {
            setLine(event.currentTarget.value);
            consider();
          }}
          onFocus={consider}
          onBlur={() => {
            close();
            setTypingAt(null);
          }}
          onPaste={paste}
          onKeyDown={onKeyDown}
        />
        <div class="filter-below" hidden={!open && said === null}>
          <p id={`${id}-said`} class="filter-said" role="status">
            {said}
          </p>
          <SuggestionList id={id} suggestions={suggestions} active={active} onChoose={accept} />
        </div>
      </div>
      <p id={`${id}-note`} class="filter-note" role="status">
        {typed && !problem && 'Enter to apply'}
        {!typed && !isEmptyFilter(filter) && <MatchCount log={log} />}
      </p>
      <button
        type="button"
        class="button"
        data-idle={isEmptyFilter(filter) && line === ''}
        onClick={clear}
      >
        Clear
      </button>
    </search>
  );
}

/** Several words are found as they stand, not each for itself. */
function phraseHint(text: string | undefined): string | null {
  return text && /\s/.test(text) ? `finds the phrase ${quoted(text)}, as it stands` : null;
}

interface MatchCountProps {
  log: MessageLog;
}

/** How many of the messages that the page has match; older ones are had only as they are scrolled to. */
function MatchCount({ log }: MatchCountProps) {
  const server = useServer();
  void server.logVersion.value;
  if (server.searching.value) return <>searching…</>;
  if (server.filterProblem.value) return null;
  const count = log.rows.reduce((sum, { kind }) => sum + Number(kind === 'message'), 0);
  const isPart = server.hasOlder || log.detached || log.rows.some(({ kind }) => kind === 'gap');
  if (!isPart) return <>{`${formatCount(count)} ${count === 1 ? 'matches' : 'match'}`}</>;
  return (
    <span title="So many are on the page. Scroll to the first of them for older ones; a gap has others.">
      {`${formatCount(count)} or more match`}
    </span>
  );
}

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useGateway, useView } from '../store/context';
import { isEmptyFilter, NO_FILTER } from '../store/filter';
import { readFilter, type Suggestion, suggest, tokenAt, writeFilter } from '../text/filterText';
import { SuggestionList } from './SuggestionList';
import { useFilterWords } from './useFilterWords';

/** The filter as a line of text. What is typed is judged at once and taken with Enter. */
export function FilterBar() {
  const gateway = useGateway();
  const view = useView();
  const { vocabulary, choices } = useFilterWords();
  const filter = view.filter.value;
  const [line, setLine] = useState(() => writeFilter(filter));
  const [suggestions, setSuggestions] = useState<Suggestion[]>([]);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => setLine(writeFilter(filter)), [filter]);

  const read = readFilter(line, vocabulary());
  const problem = 'problem' in read ? read.problem : gateway.filterProblem.value;
  const typed = line.trim() !== writeFilter(filter);
  const open = suggestions.length > 0;

  const close = () => {
    setSuggestions([]);
    setActive(-1);
  };
  const consider = () => {
    const element = input.current;
    if (!element) return;
    setSuggestions(suggest(element.value, element.selectionStart ?? 0, choices()));
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
    if ('problem' in read) return;
    view.setFilter(read.filter);
    setLine(writeFilter(read.filter));
  };
  const clear = () => {
    close();
    view.setFilter(NO_FILTER);
    setLine('');
    input.current?.focus();
  };
  const step = (by: number) => {
    const count = suggestions.length;
    if (!open) consider();
    else setActive((active + by + (active < 0 && by < 0 ? 1 : 0) + count) % count);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = suggestions[active];
    if (event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowUp') step(-1);
    else if (event.key === 'Enter' && chosen) accept(chosen);
    else if (event.key === 'Enter') apply();
    else if (event.key === 'Escape' && open) close();
    else return;
    event.preventDefault();
  };
  return (
    <search class="filter-bar" data-invalid={problem !== null}>
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
          aria-describedby={`${id}-note`}
          aria-invalid={problem !== null}
          placeholder="Filter: text, or service:udp-upper client:… min_size:…"
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
          onBlur={close}
          onKeyDown={onKeyDown}
        />
        <SuggestionList id={id} suggestions={suggestions} active={active} onChoose={accept} />
      </div>
      <p id={`${id}-note`} class="filter-note" role="status">
        {problem ?? (gateway.searching.value ? 'searching…' : typed && 'Enter to apply')}
      </p>
      {!(isEmptyFilter(filter) && line === '') && (
        <button type="button" class="button" onClick={clear}>
          Clear
        </button>
      )}
    </search>
  );
}

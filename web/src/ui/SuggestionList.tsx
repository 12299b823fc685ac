import { useEffect, useRef } from 'preact/hooks';
import type { Suggestion } from '../text/filterSuggest';

interface Props {
  id: string;
  suggestions: readonly Suggestion[];
  active: number;
  onChoose: (suggestion: Suggestion) => void;
}

/** What may be typed next. The input keeps the focus; this only shows where its arrow keys stand. */
export function SuggestionList({ id, suggestions, active, onChoose }: Props) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div
      ref={list}
      class="suggestions"
      id={`${id}-list`}
      role="listbox"
      aria-label="Suggestions"
      hidden={suggestions.length === 0}
    >
      {suggestions.map((suggestion, index) => (
        <div
          key={suggestion.insert}
          id={`${id}-${index}`}
          class="suggestion"
          role="option"
          aria-selected={index === active}
          // Before the input loses the focus.
          onMouseDown={(event) => {
            event.preventDefault();
            onChoose(suggestion);
          }}
        >
          <code>{suggestion.insert}</code>
          <span class="suggestion-note">{suggestion.note}</span>
        </div>
      ))}
    </div>
  );
}

import { useId } from 'preact/hooks';

interface Option<T extends string> {
  value: T;
  label: string;
  note?: string | undefined;
  title?: string | undefined;
}

interface Props<T extends string> {
  label: string;
  options: readonly Option<T>[];
  value: T;
  onChange: (value: T) => void;
}

/** One of a few: radio buttons in one bar. */
export function Segments<T extends string>({ label, options, value, onChange }: Props<T>) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="sr-only">{label}</legend>
      {options.map((option) => (
        <label key={option.value} class="segment" title={option.title}>
          <input
            type="radio"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span class="segment-face">
            {option.label}
            {option.note && <span class="segment-note">{option.note}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

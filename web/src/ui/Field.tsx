import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';

interface Control {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
}

interface Props {
  label: string;
  hint?: string;
  error?: string | undefined;
  /** The element that shows its error, if another one does. */
  noteAt?: string;
  tools?: ComponentChildren;
  children: (control: Control) => VNode;
}

/** A labelled control. Its error stands where its hint does, and is announced. */
export function Field({ label, hint, error, noteAt, tools, children }: Props) {
  const id = useId();
  const describedBy = noteAt ?? `${id}-note`;
  return (
    <div class="field" data-invalid={error !== undefined}>
      <div class="field-head">
        <label for={id}>{label}</label>
        {tools}
      </div>
      {children({ id, 'aria-describedby': describedBy, 'aria-invalid': error !== undefined })}
      {!noteAt && (
        <p id={describedBy} class="field-note" role={error ? 'alert' : undefined}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

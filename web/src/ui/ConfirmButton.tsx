import { useEffect, useRef, useState } from 'preact/hooks';

interface Props {
  label: string;
  question: string;
  confirm: string;
  onConfirm: () => void;
}

/** A button that asks for confirmation. */
export function ConfirmButton({ label, question, confirm, onConfirm }: Props) {
  const [asking, setAsking] = useState(false);
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asking) keep.current?.focus();
  }, [asking]);
  if (!asking)
    return (
      <button type="button" class="button button-danger" onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  const answer = (yes: boolean) => {
    setAsking(false);
    if (yes) onConfirm();
  };
  return (
    <fieldset class="confirm">
      <legend class="sr-only">Confirm</legend>
      <span>{question}</span>
      <button type="button" class="button button-danger-main" onClick={() => answer(true)}>
        {confirm}
      </button>
      <button type="button" class="button" ref={keep} onClick={() => answer(false)}>
        Keep
      </button>
    </fieldset>
  );
}

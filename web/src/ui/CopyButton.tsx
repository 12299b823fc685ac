import { useEffect, useState } from 'preact/hooks';

interface Props {
  label: string;
  /** What is copied, for those who hear the button and do not see where it stands. */
  what: string;
  text: () => string;
}

const SAID_MS = 1500;

export function CopyButton({ label, what, text }: Props) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid((await copyText(text())) ? 'Copied' : 'Not allowed');
  return (
    <button type="button" class="button" onClick={copy}>
      <span aria-live="polite">{said ?? label}</span>
      <span class="sr-only">{what}</span>
    </button>
  );
}

/** The clipboard is there on secure origins only; elsewhere a selection can still be copied. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  return copied;
}

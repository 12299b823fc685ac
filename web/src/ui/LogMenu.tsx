import { useEffect, useRef, useState } from 'preact/hooks';
import { api, exportUrl } from '../api/client';
import { ApiProblem } from '../api/problem';
import { useView } from '../store/context';
import { isEmptyFilter } from '../store/filter';
import { ConfirmButton } from './ConfirmButton';
import { DownloadLink } from './DownloadLink';

const FORMATS = [
  { format: 'ndjson', label: 'NDJSON' },
  { format: 'csv', label: 'CSV' },
  { format: 'spreadsheet', label: 'Spreadsheet' },
  { format: 'pcapng', label: 'pcapng' },
] as const;

/** Takes the log elsewhere, or throws it away. */
export function LogMenu() {
  const view = useView();
  const menu = useRef<HTMLDetailsElement>(null);
  const filter = view.filter.value;
  const close = () => menu.current?.removeAttribute('open');
  useEffect(() => {
    const onPress = ({ target }: PointerEvent) => {
      if (target instanceof Node && !menu.current?.contains(target)) close();
    };
    addEventListener('pointerdown', onPress);
    return () => removeEventListener('pointerdown', onPress);
  }, []);
  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current?.open) return;
        event.preventDefault();
        close();
        menu.current.querySelector('summary')?.focus();
      }}
    >
      <summary class="button">Export…</summary>
      <div class="menu-body">
        <p class="menu-note">
          {isEmptyFilter(filter) ? 'All messages, as' : 'The messages that match the filter, as'}
        </p>
        <p class="menu-links">
          {FORMATS.map(({ format, label }) => (
            <DownloadLink key={format} href={exportUrl(format, filter)} onClick={close}>
              {label}
            </DownloadLink>
          ))}
        </p>
        <ClearLog onCleared={close} />
      </div>
    </details>
  );
}

function ClearLog({ onCleared }: { onCleared: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const clear = () =>
    api.clearLog().then(onCleared, (error) => {
      if (!(error instanceof ApiProblem)) throw error;
      setProblem(error.sentence);
    });
  return (
    <>
      <ConfirmButton
        label="Clear the log…"
        question="Throw all messages away? Clients, counters and the chart stay."
        confirm="Clear"
        onConfirm={clear}
      />
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

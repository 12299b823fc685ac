import { useEffect, useRef } from 'preact/hooks';

const KEYS: readonly [keys: string, meaning: string][] = [
  ['?', 'these keys'],
  ['/', 'to the filter'],
  ['l', 'to the messages'],
  ['c', 'to the clients'],
  ['d', 'to what is open'],
  ['g', 'to the curves: ← → read them, + − zoom, 0 shows all'],
  ['s', 'to the send form'],
  ['f', 'the fault rules, or close them'],
  ['p', 'pause, or go on'],
  ['a', 'the API, or back to the traffic'],
  ['u', 'times in UTC, or in the zone of this machine'],
  ['b', 'projector mode, or back'],
  ['↑ ↓', 'from row to row'],
  ['Enter', 'open the row; take the filter'],
  ['Home End', 'back to older messages; on with the newest'],
  ['Esc', 'close what is open'],
  ['Ctrl Enter', 'send'],
];

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="keys" ref={dialog} aria-label="Keys" onClose={onClose}>
      <header class="panel-head">
        <h2>Keys</h2>
        <button type="button" class="button detail-close" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      <dl>
        {KEYS.map(([keys, meaning]) => [
          <dt key={keys}>{keys.split(' ').map((key) => [<kbd key={key}>{key}</kbd>, ' '])}</dt>,
          <dd key={meaning}>{meaning}</dd>,
        ])}
      </dl>
    </dialog>
  );
}

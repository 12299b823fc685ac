import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Message } from '../api/types';
import { useSending, useView } from '../store/context';
import type { Detail } from '../store/urlState';
import { formatCount } from '../text/format';
import { ClientDetail } from './ClientDetail';
import { FaultsDetail } from './FaultsDetail';
import { keyTarget } from './keyTarget';
import { MessageDetail } from './MessageDetail';
import { layout } from './pageSize';
import { printing } from './printing';

interface Props {
  detail: Detail;
  onSendAgain: (message: Message) => void;
}

/** The open message, client or fault rules: beside the log on a wide page, a drawer on a narrow one. */
export function DetailPane({ detail, onSendAgain }: Props) {
  const view = useView();
  const sending = useSending();
  // What is above the page is printed on its first sheet only.
  const drawer = layout.value !== 'desk' && !printing.value;
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    element.close();
    // As a drawer it keeps the focus; beside the log it must not take it, for arrow keys go on there.
    if (drawer) element.showModal();
    else element.open = true;
  }, [drawer]);
  useFocusBack(dialog, detail.kind === 'client' ? 'clients' : 'log');
  const title = titleOf(detail);
  return (
    <dialog
      class={`detail ${drawer ? 'detail-drawer' : 'panel'}`}
      ref={dialog}
      aria-label={title}
      data-kind={detail.kind}
      onCancel={() => view.close()}
    >
      <header class="panel-head">
        <h2>{title}</h2>
        {sending.busy.value && (
          <button type="button" class="button" onClick={() => sending.stop()}>
            Stop sending
          </button>
        )}
        <button type="button" class="button detail-close" onClick={() => view.close()}>
          Close <kbd class="key">Esc</kbd>
        </button>
      </header>
      <div class="detail-body" tabIndex={0} data-keys="detail">
        {detail.kind === 'faults' && <FaultsDetail />}
        {detail.kind === 'message' && (
          <MessageDetail
            key={detail.seq}
            seq={detail.seq}
            run={detail.run}
            onSendAgain={onSendAgain}
          />
        )}
        {detail.kind === 'client' && (
          <ClientDetail key={detail.id} id={detail.id} run={detail.run} />
        )}
      </div>
    </dialog>
  );
}

function titleOf(detail: Detail): string {
  if (detail.kind === 'faults') return 'Fault rules';
  return detail.kind === 'message' ? `Message ${formatCount(detail.seq)}` : `Client ${detail.id}`;
}

/** When the pane goes with the focus in it, the focus returns to where it was before, or to a part of the page. */
function useFocusBack(pane: RefObject<HTMLDialogElement | null>, fallback: string): void {
  const target = useRef(fallback);
  target.current = fallback;
  useLayoutEffect(() => {
    const element = pane.current;
    if (!element) return;
    let outside: Element | null = document.activeElement;
    const note = ({ target }: FocusEvent) => {
      if (target instanceof Element && !element.contains(target)) outside = target;
    };
    document.addEventListener('focusin', note);
    return () => {
      document.removeEventListener('focusin', note);
      if (!element.contains(document.activeElement)) return;
      // Outside a modal dialog nothing takes the focus.
      element.close();
      if (outside instanceof HTMLElement && outside !== document.body && outside.isConnected)
        outside.focus();
      else keyTarget(target.current)?.focus();
    };
  }, [pane]);
}

import type { ComponentChildren } from 'preact';
import { useView } from '../../store/context';

interface Props {
  /** An operation's or a schema's name. */
  to: string;
  class?: string;
  children: ComponentChildren;
}

/** Leads to a part of the reference, also when it is the one that was led to last. */
export function ApiLink({ to, class: name = 'link', children }: Props) {
  const view = useView();
  return (
    <a
      class={name}
      href={view.referenceHref(to)}
      aria-current={view.reference.value?.at === to ? 'location' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        view.showReference(to);
      }}
    >
      {children}
    </a>
  );
}

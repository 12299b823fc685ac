import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Props {
  class: string;
  title: string;
  note?: string;
  tools?: ComponentChildren;
  children: ComponentChildren;
}

export function Panel({ class: name, title, note, tools, children }: Props) {
  const id = useId();
  return (
    <section class={`panel ${name}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {note && <span class="panel-note">{note}</span>}
        {tools}
      </header>
      {children}
    </section>
  );
}

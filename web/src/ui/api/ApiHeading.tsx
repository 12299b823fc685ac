import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useView } from '../../store/context';

interface Props {
  /** The name that links lead here by. */
  name: string;
  children: ComponentChildren;
}

/** A heading that a link leads to: it scrolls into view and takes the focus, so that Tab goes on from it. */
export function ApiHeading({ name, children }: Props) {
  const reference = useView().reference.value;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (reference?.at !== name) return;
    heading.current?.scrollIntoView();
    heading.current?.focus({ preventScroll: true });
  }, [reference, name]);
  return (
    <h3 class="api-heading" id={`api-${name}`} tabIndex={-1} ref={heading}>
      {children}
    </h3>
  );
}

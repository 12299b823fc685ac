/** A part of the page by the name in its `data-keys`. */
export function keyTarget(name: string | undefined): HTMLElement | null {
  return name === undefined ? null : document.querySelector(`[data-keys="${name}"]`);
}

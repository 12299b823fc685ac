/**
 * Lets the page be drawn in the next frame, but not more often than every `intervalMs`: a single
 * message shows at once, a flood ten times a second.
 */
export function frameScheduler(intervalMs: number): (commit: () => void) => void {
  let waiting: (() => void) | null = null;
  let last = Number.NEGATIVE_INFINITY;

  const run = () => {
    const commit = waiting;
    waiting = null;
    last = performance.now();
    commit?.();
  };

  return (commit) => {
    const scheduled = waiting !== null;
    waiting = commit;
    if (scheduled) return;
    const pause = last + intervalMs - performance.now();
    if (pause <= 0) requestAnimationFrame(run);
    else setTimeout(() => requestAnimationFrame(run), pause);
  };
}

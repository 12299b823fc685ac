import type { LogHold } from './useLogHold';

/** Freezes the log as it is shown; what comes is counted on. */
export function PauseButton({ hold }: { hold: LogHold }) {
  return (
    <button
      type="button"
      class="button"
      aria-pressed={hold.paused}
      data-keys="pause"
      onClick={() => (hold.paused ? hold.follow(true) : hold.pause())}
    >
      Pause
    </button>
  );
}

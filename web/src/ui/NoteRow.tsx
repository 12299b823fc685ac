import type { Note } from '../store/log';
import { Time } from './Time';

const WORDS: Record<Note, [what: string, then: string]> = {
  restarted: ['socklens was restarted', 'numbers begin anew'],
  resumed: ['socklens was restarted', 'the log goes on'],
  cleared: ['The log was cleared', 'what came before is gone'],
};

interface Props {
  note: Note;
  at: number;
  index: number;
  id: string;
  active: boolean;
}

export function NoteRow({ note, at, index, id, active }: Props) {
  return (
    <div
      role="row"
      class="row row-gap"
      id={id}
      aria-rowindex={index + 2}
      data-active={active}
      data-reason={note}
    >
      <span role="gridcell" class="cell cell-gap">
        <span class="gap-count">{WORDS[note][0]}</span>
        <span class="gap-range">
          <Time at={new Date(at).toISOString()} digits={0} />
        </span>
        <span>{WORDS[note][1]}</span>
      </span>
    </div>
  );
}

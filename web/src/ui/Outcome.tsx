import { useDescription } from '../store/context';
import { formatWords } from '../text/format';

const TONES: Record<string, string> = {
  replied: 'good',
  send_failed: 'bad',
  reply_too_large: 'bad',
  peer_gone: 'bad',
};

/** Why a message has no reply, or what became of it; a plain reply is the rule and needs no word. */
export function Outcome({ outcome }: { outcome: string }) {
  const description = useDescription();
  return (
    <span
      class="outcome"
      title={description.valueWord('Outcome', outcome)}
      data-tone={TONES[outcome] ?? 'warn'}
    >
      {formatWords(outcome)}
    </span>
  );
}

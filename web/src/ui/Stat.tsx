import { useDescription } from '../store/context';

interface Props {
  label: string;
  value: string;
  detail?: string;
  tone?: 'warn' | undefined;
  /** Left out where there is little room. */
  minor?: boolean;
  /** What it counts, by its name in the API's description. */
  word?: string;
  /** The same in words, where the API has no name for it. */
  title?: string;
}

/** A name and its value, as part of a <dl>. */
export function Stat({ label, value, detail, tone, minor = false, word, title }: Props) {
  const description = useDescription();
  return (
    <div class="stat" data-minor={minor} title={word ? description.word(word) : title}>
      <dt class="stat-label">{label}</dt>
      <dd class="stat-value" data-tone={tone}>
        {value}
        {detail && <span class="stat-detail"> {detail}</span>}
      </dd>
    </div>
  );
}

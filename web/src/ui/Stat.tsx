interface Props {
  label: string;
  value: string;
  detail?: string;
  tone?: 'warn' | undefined;
}

/** A name and its value, as part of a <dl>. */
export function Stat({ label, value, detail, tone }: Props) {
  return (
    <div class="stat">
      <dt class="stat-label">{label}</dt>
      <dd class="stat-value" data-tone={tone}>
        {value}
        {detail && <span class="stat-detail"> {detail}</span>}
      </dd>
    </div>
  );
}

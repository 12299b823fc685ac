interface Props {
  label: string;
  value: string;
  detail?: string;
  tone?: 'warn' | undefined;
  /** Left out where there is little room. */
  minor?: boolean;
}

/** A name and its value, as part of a <dl>. */
export function Stat({ label, value, detail, tone, minor = false }: Props) {
  return (
    <div class="stat" data-minor={minor}>
      <dt class="stat-label">{label}</dt>
      <dd class="stat-value" data-tone={tone}>
        {value}
        {detail && <span class="stat-detail"> {detail}</span>}
      </dd>
    </div>
  );
}

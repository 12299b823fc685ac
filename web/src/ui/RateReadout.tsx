import { ServiceTag } from './ServiceTag';

export interface Reading {
  /** A service; empty for the time. */
  name: string;
  value: string;
}

/** The figures of the point that the pointer or the arrow keys stand on. */
export function RateReadout({ readings }: { readings: readonly Reading[] }) {
  if (readings.length === 0) return null;
  return (
    <p class="readout" aria-hidden="true">
      {readings.map(({ name, value }) => (
        <span key={name} class="readout-value">
          {name && <ServiceTag service={name} />}
          {value}
        </span>
      ))}
    </p>
  );
}

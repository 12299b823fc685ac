/** What the browser shows of the page in its tab and in its history: what is open, first. */
export interface PageState {
  /** Address and port, as the page was asked for. */
  host: string;
  open: { kind: 'message'; seq: number } | { kind: 'client'; id: number } | null;
  /** The filter as it is written in its line; empty for none. */
  filter: string;
  reference: boolean;
  paused: boolean;
  /** Messages that came since the tail was left. */
  fresh: number;
}

const FILTER_MAX = 60;

export function pageTitle({ host, open, filter, reference, paused, fresh }: PageState): string {
  const parts: string[] = [];
  if (reference) parts.push('API');
  else if (open?.kind === 'message') parts.push(`Message ${open.seq}`);
  else if (open?.kind === 'client') parts.push(`Client ${open.id}`);
  if (filter !== '' && !reference) parts.push(shortened(filter));
  if (paused && !reference) parts.push('paused');
  parts.push(`socklens ${host}`);
  return `${fresh > 0 && !reference ? `(${fresh}) ` : ''}${parts.join(' · ')}`;
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length > FILTER_MAX ? `${characters.slice(0, FILTER_MAX).join('')}…` : text;
}

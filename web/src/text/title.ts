/** What the browser shows of the page in its tab and in its history: what is open, first. */
export interface PageState {
  /** Address and port, as the page was asked for. */
  host: string;
  open:
    | { kind: 'message'; seq: number }
    | { kind: 'client'; id: number }
    | { kind: 'faults' }
    | null;
  /** The filter as it is written in its line; empty for none. */
  filter: string;
  showsApi: boolean;
  paused: boolean;
  /** Messages that came since the tail was left. */
  fresh: number;
}

const FILTER_MAX = 60;

export function pageTitle({ host, open, filter, showsApi, paused, fresh }: PageState): string {
  const parts: string[] = [];
  if (showsApi) parts.push('API');
  else if (open?.kind === 'message') parts.push(`Message ${open.seq}`);
  else if (open?.kind === 'client') parts.push(`Client ${open.id}`);
  else if (open) parts.push('Fault rules');
  if (filter !== '' && !showsApi) parts.push(shortened(filter));
  if (paused && !showsApi) parts.push('paused');
  parts.push(`socklens ${host}`);
  return `${fresh > 0 && !showsApi ? `(${fresh}) ` : ''}${parts.join(' · ')}`;
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length > FILTER_MAX ? `${characters.slice(0, FILTER_MAX).join('')}…` : text;
}

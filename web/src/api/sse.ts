/** One event of a text/event-stream, as the HTML standard parses it. */
export interface ServerEvent {
  id: string;
  type: string;
  data: string;
}

/** Takes the stream in pieces of any size and gives whole events. */
export class SseParser {
  /** The last id seen; it stays in force until another one comes. */
  lastId = '';
  /** What the server asked for with `retry:`, in milliseconds. */
  retryMs: number | null = null;
  private rest = '';
  private type = '';
  private data: string[] = [];

  push(chunk: string): ServerEvent[] {
    const lines = (this.rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    const events: ServerEvent[] = [];
    for (const line of lines) {
      if (line !== '') this.field(line);
      else if (this.data.length > 0) events.push(this.take());
      else this.type = '';
    }
    return events;
  }

  private take(): ServerEvent {
    const event = { id: this.lastId, type: this.type || 'message', data: this.data.join('\n') };
    this.type = '';
    this.data = [];
    return event;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.data.push(value);
    else if (name === 'event') this.type = value;
    else if (name === 'id' && !value.includes('\0')) this.lastId = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}

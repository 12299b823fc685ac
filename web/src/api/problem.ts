/** An error the server answered with (RFC 9457), or one that kept it from answering. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The request's field at fault, where there is one. */
    readonly param: string | null = null,
    readonly allowed: string | null = null,
    /** Seconds until it would be answered, where the server says so. */
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = 'ApiProblem';
  }

  /** What went wrong and, unless that says it already, what would be allowed. */
  get sentence(): string {
    if (!this.allowed || this.message.includes(this.allowed)) return this.message;
    return `${this.message} (allowed: ${this.allowed})`;
  }

  static unreachable(): ApiProblem {
    return new ApiProblem(0, 'socklens cannot be reached.');
  }

  static async fromResponse(response: Response): Promise<ApiProblem> {
    const body = await readObject(response);
    const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : null);
    const message = text('detail') ?? text('title') ?? `socklens answered ${response.status}.`;
    const after = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
    return new ApiProblem(
      response.status,
      message,
      text('param'),
      text('allowed'),
      Number.isNaN(after) ? null : after,
    );
  }
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

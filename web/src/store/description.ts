/** The gateway's description of its own API: loaded once, when somebody needs it. */
import { computed, signal } from '@preact/signals';
import type { Api } from '../api/client';
import { ApiProblem } from '../api/problem';
import { type ApiDocument, enumNames } from '../text/openapi';

export class Description {
  readonly document = signal<ApiDocument | null>(null);
  readonly problem = signal<string | null>(null);
  /** Empty while nothing is known. */
  readonly outcomes = computed(() => this.names('Outcome'));
  readonly services = computed(() => this.names('Service'));
  private loading = false;

  constructor(private readonly api: Pick<Api, 'description'>) {}

  async load(): Promise<void> {
    if (this.loading || this.document.value) return;
    this.loading = true;
    try {
      this.document.value = await this.api.description();
      this.problem.value = null;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.problem.value = error.sentence;
    } finally {
      this.loading = false;
    }
  }

  private names(schema: string): readonly string[] {
    return this.document.value ? enumNames(this.document.value, schema) : [];
  }
}

/** The server's description of its own API: loaded once, when somebody needs it. */
import { computed, signal } from '@preact/signals';
import type { Api } from '../api/client';
import { ApiProblem } from '../api/problem';
import { type ApiDocument, definitionOf, enumNames, valueDefinitionOf } from '../text/openapi';

export class Description {
  readonly document = signal<ApiDocument | null>(null);
  readonly problem = signal<string | null>(null);
  /** Empty while nothing is known. */
  readonly outcomes = computed(() => this.names('Outcome'));
  readonly faults = computed(() => this.names('FaultFilter'));
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

  /** What a word of the page means, as the API defines it; undefined while that is not known. */
  word(name: string): string | undefined {
    return this.document.value ? definitionOf(this.document.value, name) : undefined;
  }

  /** The same of a value, such as the outcome peer_gone. */
  valueWord(schema: string, value: string): string | undefined {
    return this.document.value ? valueDefinitionOf(this.document.value, schema, value) : undefined;
  }

  private names(schema: string): readonly string[] {
    return this.document.value ? enumNames(this.document.value, schema) : [];
  }
}

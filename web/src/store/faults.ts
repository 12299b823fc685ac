/** The fault rules of the server and what they hold. They are not in the event stream: the page asks for them when
 * it loads, and each second while any rule acts or somebody looks at them. */
import { computed, signal } from '@preact/signals';
import type { Api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Held, Rule, RuleRequest, Rules } from '../api/types';

type FaultsApi = Pick<Api, 'faults' | 'addFault' | 'changeFault' | 'removeFault'>;

export class Faults {
  readonly rules = signal<readonly Rule[]>([]);
  readonly held = signal<Held | null>(null);
  /** Why the last change was refused. */
  readonly problem = signal<ApiProblem | null>(null);
  readonly acting = computed(() => this.rules.value.filter(({ enabled }) => enabled));
  private loading = 0;
  private changes = 0;

  constructor(private readonly api: FaultsApi) {}

  /** Once a second. */
  tick(watched: boolean): void {
    if ((watched || this.acting.value.length > 0) && this.loading === 0) void this.load();
  }

  /** Where the server is not reached the page says so by its stream, and what is known stays. */
  async load(): Promise<void> {
    const { changes } = this;
    this.loading += 1;
    try {
      const rules = await this.api.faults();
      // One that was asked for before a change may tell of what was before it.
      if (changes === this.changes) this.take(rules);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    } finally {
      this.loading -= 1;
    }
  }

  /** True if the server has taken it. */
  add(request: RuleRequest): Promise<boolean> {
    return this.change(() => this.api.addFault(request));
  }

  switch(name: string, enabled: boolean): Promise<boolean> {
    return this.change(() => this.api.changeFault(name, { enabled }));
  }

  restart(name: string): Promise<boolean> {
    return this.change(() => this.api.changeFault(name, { restart: true }));
  }

  remove(name: string): Promise<boolean> {
    return this.change(() => this.api.removeFault(name));
  }

  /** They stay where they are and can be switched on again. */
  allOff(): Promise<boolean> {
    return this.change(async () => {
      for (const { name } of this.acting.value)
        await this.api.changeFault(name, { enabled: false });
    });
  }

  private async change(make: () => Promise<unknown>): Promise<boolean> {
    this.problem.value = null;
    try {
      await make();
      return true;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.problem.value = error;
      return false;
    } finally {
      this.changes += 1;
      await this.load();
    }
  }

  private take({ items, held }: Rules): void {
    this.rules.value = items;
    this.held.value = held;
  }
}

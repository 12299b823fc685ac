import type { Rule } from '../api/types';
import { useFaults } from '../store/context';

/** A rule's name, and whether it acts. */
export function RuleSwitch({ rule }: { rule: Rule }) {
  const faults = useFaults();
  return (
    <label class="check rule-switch" data-on={rule.enabled} title={rule.rule}>
      <input
        type="checkbox"
        checked={rule.enabled}
        onChange={(event) => void faults.switch(rule.name, event.currentTarget.checked)}
      />
      {rule.name}
    </label>
  );
}

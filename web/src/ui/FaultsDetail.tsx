import { useState } from 'preact/hooks';
import { api } from '../api/client';
import type { Held, Rule } from '../api/types';
import { useFaults, useServer } from '../store/context';
import { formatCount, formatMemory } from '../text/format';
import { Fates } from './Fates';
import { Field } from './Field';
import { RuleForm } from './RuleForm';
import { RuleSwitch } from './RuleSwitch';
import { Segments } from './Segments';
import { useLoaded } from './useLoaded';

/** The fault rules: what they do, and how to change them. */
export function FaultsDetail() {
  const services = [...new Set(useServer().udpListeners.map(({ service }) => service))];
  const [chosen, setChosen] = useState<string | null>(null);
  const listener = services.find((service) => service === chosen) ?? services[0];
  if (!listener) return <p class="detail-note">Rules are for UDP listeners, and there is none.</p>;
  return (
    <>
      {services.length > 1 && (
        <Segments
          label="Rules for"
          options={services.map((value) => ({ value, label: value }))}
          value={listener}
          onChange={setChosen}
        />
      )}
      <RuleForm key={listener} listener={listener} />
      <ScenarioForm listener={listener} />
      <RuleList />
    </>
  );
}

/** Rules that belong together, shown before they are added. */
function ScenarioForm({ listener }: { listener: string }) {
  const faults = useFaults();
  const { value, problem } = useLoaded('scenarios', 0, () => api.scenarios());
  const [name, setName] = useState('');
  const scenario = value?.items.find((one) => one.name === name);
  const say = problem ?? (scenario ? scenario.description : 'Rules of a course’s labs');
  return (
    <form
      class="scenario-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (scenario) void faults.add({ listener, scenario: scenario.name });
      }}
    >
      <Field label="Scenario" hint={say}>
        {(control) => (
          <select
            {...control}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          >
            <option value="">Choose…</option>
            {value?.items.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {scenario && (
        <>
          <ul class="scenario-rules" aria-label="Rules of the scenario">
            {scenario.rules.map((rule) => (
              <li key={rule}>
                <code>{rule}</code>
              </li>
            ))}
          </ul>
          <button type="submit" class="button">
            Add these rules
          </button>
        </>
      )}
    </form>
  );
}

function RuleList() {
  const faults = useFaults();
  const rules = faults.rules.value;
  const problem = faults.problem.value;
  return (
    <section class="rules" aria-label="Rules">
      <header class="side-head">
        <h3>Rules</h3>
        <span class="side-size">{formatCount(rules.length)}</span>
        <span class="side-tools">
          <button
            type="button"
            class="button"
            disabled={faults.acting.value.length === 0}
            onClick={() => void faults.allOff()}
          >
            All off
          </button>
        </span>
      </header>
      <p class="problem" role="alert">
        {problem?.sentence}
      </p>
      {rules.length === 0 && <p class="empty">No rule: the network is as it is.</p>}
      <ul class="rule-rows">
        {rules.map((rule) => (
          <RuleRow key={rule.name} rule={rule} />
        ))}
      </ul>
      {faults.held.value && <HeldGauge held={faults.held.value} />}
    </section>
  );
}

function RuleRow({ rule }: { rule: Rule }) {
  const faults = useFaults();
  return (
    <li class="rule-row" data-on={rule.enabled}>
      <RuleSwitch rule={rule} />
      <code class="rule-text">{rule.rule}</code>
      <span class="rule-hits">
        {formatCount(rule.hits)} of {formatCount(rule.looked_at)} hit
      </span>
      {rule.next ? (
        <Fates fates={rule.next} which="next" />
      ) : (
        <span class="side-size">no message yet</span>
      )}
      <span class="side-tools">
        <button
          type="button"
          class="button"
          title="Its numbering begins anew"
          onClick={() => void faults.restart(rule.name)}
        >
          Restart<span class="sr-only"> {rule.name}</span>
        </button>
        <button type="button" class="button" onClick={() => void faults.remove(rule.name)}>
          Remove<span class="sr-only"> {rule.name}</span>
        </button>
      </span>
    </li>
  );
}

/** What rules hold back at the moment. */
function HeldGauge({ held }: { held: Held }) {
  const words = `${formatCount(held.messages)} ${held.messages === 1 ? 'message' : 'messages'} held, ${formatMemory(held.bytes)} of ${formatMemory(held.limit_bytes)}`;
  return (
    <p class="held">
      <meter aria-label="Held messages" max={held.limit_bytes} value={held.bytes} />
      <span>{words}</span>
      {held.overflowed > 0 && (
        <span class="problem">{formatCount(held.overflowed)} lost, as there was no room</span>
      )}
    </p>
  );
}

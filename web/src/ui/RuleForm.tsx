import { useEffect, useState } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Fates as FatesAnswer } from '../api/types';
import { useFaults } from '../store/context';
import { effectOf, withSeed } from '../text/fates';
import { Fates } from './Fates';
import { Field } from './Field';
import { textInput } from './textInput';

const PREVIEW_PAUSE_MS = 250;
const PREVIEW_COUNT = 40;

/** Adds a rule; while it is typed its fates are shown. */
export function RuleForm({ listener }: { listener: string }) {
  const faults = useFaults();
  const [typed, setTyped] = useState('');
  const effect = effectOf(typed);
  const place = faults.rules.value.filter(
    (rule) => rule.listener === listener && rule.effect === effect,
  ).length;
  const { fates, problem } = usePreview(typed, place);
  const [refused, setRefused] = useState<string | null>(null);
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const rule = fates ? withSeed(typed, fates.rule) : typed;
    const added = await faults.add({ listener, rule });
    if (added) setTyped('');
    setRefused(faults.problem.value?.sentence ?? null);
  };
  return (
    <form class="rule-form" noValidate onSubmit={onSubmit}>
      <Field
        label={`Rule for ${listener}`}
        hint="As in loss 30%, delay 20ms jitter 10ms, corrupt on both"
        error={refused ?? problem ?? undefined}
      >
        {(control) => (
          <input
            {...control}
            {...textInput(typed, (text) => {
              setTyped(text);
              setRefused(null);
            })}
            class="mono"
            placeholder="loss 30%"
          />
        )}
      </Field>
      <button type="submit" class="button">
        Add
      </button>
      <div class="rule-preview" aria-live="polite">
        {fates && (
          <>
            <Fates fates={fates.fates} which="first" />
            <span>
              {fates.hits} of {PREVIEW_COUNT}
            </span>
            <code>{fates.rule}</code>
          </>
        )}
      </div>
    </form>
  );
}

interface Preview {
  fates: FatesAnswer | null;
  problem: string | null;
}

const NOTHING: Preview = { fates: null, problem: null };

/** What a rule would hit, asked for once its writer pauses. */
function usePreview(rule: string, place: number): Preview {
  const [preview, setPreview] = useState(NOTHING);
  useEffect(() => {
    if (rule.trim() === '') return setPreview(NOTHING);
    let current = true;
    const show = (next: Preview) => current && setPreview(next);
    const timer = setTimeout(() => {
      api.fates({ rule, place, count: PREVIEW_COUNT }).then(
        (fates) => show({ fates, problem: null }),
        (error) => {
          if (!(error instanceof ApiProblem)) throw error;
          show({ fates: null, problem: error.sentence });
        },
      );
    }, PREVIEW_PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [rule, place]);
  return preview;
}

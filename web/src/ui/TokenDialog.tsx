import { useEffect, useRef, useState } from 'preact/hooks';
import { hasToken, offerToken } from '../api/authorized';
import { Field } from './Field';
import { textInput } from './textInput';

const UNKNOWN = 'socklens does not know this token';

/** Asks for the token without which the server tells nothing. */
export function TokenDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [token, setTyped] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  const [problem, setProblem] = useState(hasToken() ? UNKNOWN : undefined);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (token.trim() === '') return;
    setProblem(undefined);
    const taken = await offerToken(token.trim()).catch(() => null);
    if (!taken) setProblem(taken === null ? 'socklens cannot be reached' : UNKNOWN);
  };
  return (
    <dialog
      class="keys"
      ref={dialog}
      aria-label="Token"
      onCancel={(event) => event.preventDefault()}
    >
      <form class="send-form token-form" noValidate onSubmit={submit}>
        <Field
          label="socklens asks for its token"
          hint="It stands in the file that --token-file names. It is kept until this tab is closed"
          error={problem}
        >
          {(control) => <input {...control} {...textInput(token, setTyped)} type="password" />}
        </Field>
        <button type="submit" class="button-main">
          Go on
        </button>
      </form>
    </dialog>
  );
}

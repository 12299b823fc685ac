import { useEffect, useRef, useState } from 'preact/hooks';
import { hasToken, setToken } from '../api/authorized';
import { Field } from './Field';
import { textInput } from './textInput';

/** Asks for the token without which the gateway tells nothing. */
export function TokenDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [token, setTyped] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (token.trim() === '') return;
    setToken(token.trim());
    // All of the page begins anew, at the same place.
    location.reload();
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
          label="This gateway asks for its token"
          hint="It is kept until this tab is closed"
          error={hasToken() ? 'The gateway does not know this token' : undefined}
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

import { hasToken } from '../api/authorized';
import { serverAddress } from '../api/client';
import type { Fault, Message, Side } from '../api/types';
import { faultChip, faultCurl, faultSentence, faultsOf } from '../text/faults';
import { CopyButton } from './CopyButton';

interface ChipProps {
  message: Message;
  side: Side;
}

/** On a row: what fault rules did to this side of a message, with the sentences as its tooltip. */
export function FaultChip({ message, side }: ChipProps) {
  const faults = faultsOf(side, message.faults);
  if (faults.length === 0) return null;
  const words = faults.map((fault) => faultSentence(fault, message.client.address)).join(' ');
  return (
    <span class="fault-chip" role="img" aria-label={`Fault: ${words}`} title={words}>
      {faults.map(faultChip).join(' ')}
    </span>
  );
}

/** In the open message: a sentence for each rule that hit it. */
export function Faults({ message }: { message: Message }) {
  const { faults = [], client } = message;
  if (faults.length === 0) return null;
  return (
    <ul class="faults" aria-label="Fault rules">
      {faults.map((fault, n) => (
        <li key={n}>
          <span>{faultSentence(fault, client.address)}</span>
          {fault.text && <RepeatButton fault={fault} listener={message.service} />}
        </li>
      ))}
    </ul>
  );
}

function RepeatButton({ fault, listener }: { fault: Fault; listener: string }) {
  const options = { origin: serverAddress(), token: hasToken() };
  return (
    <CopyButton
      label="Copy as curl"
      what={`: a command that adds rule ${fault.rule}`}
      text={() => faultCurl(fault, listener, options)}
    />
  );
}

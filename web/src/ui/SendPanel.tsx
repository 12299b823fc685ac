import { useEffect, useState } from 'preact/hooks';
import type { Listener, Message } from '../api/types';
import { useGateway, useSending } from '../store/context';
import { FIRST_PACKET, type Packet, packetOf, packetProblem, packetSeries } from '../store/packet';
import { rememberPacket } from '../store/shelf';
import { PacketShelf } from './PacketShelf';
import { Panel } from './Panel';
import { RunSummary } from './RunSummary';
import { SendForm } from './SendForm';
import { SendResults } from './SendResults';

/** A message whose bytes are to be sent once more; a new object each time it is asked for. */
export interface Resend {
  message: Message;
}

export function SendPanel({ resend }: { resend: Resend | null }) {
  const gateway = useGateway();
  const sending = useSending();
  const [packet, setPacket] = useState<Packet>(FIRST_PACKET);
  const listeners = gateway.status.value?.listeners.filter((l) => l.transport === 'udp') ?? [];
  const problem = packetProblem(packet) ?? sending.problem.value;

  const send = (what: Packet) => {
    if (packetProblem(what)) return;
    rememberPacket(what);
    void sending.send(packetSeries(what, listeners));
  };
  useEffect(() => {
    if (!resend) return;
    const again = packetOf(resend.message);
    setPacket(again);
    send(again);
  }, [resend]);
  return (
    <Panel class="send-panel" title="Send a datagram">
      <PacketShelf packet={packet} onLoad={setPacket} />
      <SendForm
        packet={packet}
        listeners={listeners}
        busy={sending.busy.value}
        problem={problem}
        onChange={(changes) => setPacket({ ...packet, ...changes })}
        onSend={() => send(packet)}
        onStop={() => sending.stop()}
      />
      <RunSummary run={sending.run.value} />
      <SendResults attempts={sending.attempts.value} inLog={addresses(listeners)} />
    </Panel>
  );
}

function addresses(listeners: readonly Listener[]): ReadonlySet<string> {
  return new Set(listeners.map(({ address }) => address));
}

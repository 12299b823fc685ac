import { useSending, useServer } from '../store/context';
import { packetProblem } from '../store/packet';
import { Panel } from './Panel';
import { RunSummary } from './RunSummary';
import { SavedPackets } from './SavedPackets';
import { SendForm } from './SendForm';
import { SendResults } from './SendResults';

export function SendPanel() {
  const sending = useSending();
  const listeners = useServer().udpListeners;
  const packet = sending.packet.value;
  return (
    <Panel class="send-panel" title="Send a datagram">
      <SavedPackets
        packet={packet}
        onLoad={(loaded) => {
          sending.packet.value = loaded;
        }}
      />
      <SendForm
        packet={packet}
        listeners={listeners}
        busy={sending.busy.value}
        problem={packetProblem(packet) ?? sending.problem.value}
        onChange={(changes) => {
          sending.packet.value = { ...packet, ...changes };
        }}
        onSend={() => sending.submit(listeners)}
        onStop={() => sending.stop()}
      />
      <RunSummary run={sending.run.value} />
      <SendResults
        attempts={sending.attempts.value}
        run={sending.run.value}
        inLog={new Set(listeners.map(({ address }) => address))}
      />
    </Panel>
  );
}

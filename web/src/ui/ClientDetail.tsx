import { useEffect, useState } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { ClientDetail as Client, Pending, TcpInfo } from '../api/types';
import { now, useServer, useView } from '../store/context';
import { formatAge, formatBytes, formatCount, formatMicros } from '../text/format';
import { ClientState } from './ClientState';
import { ConfirmButton } from './ConfirmButton';
import { type Fact, Facts } from './Facts';
import { TestMark } from './TestMark';
import { Moment } from './Time';
import { Timeline } from './Timeline';
import { useLoaded } from './useLoaded';

interface Props {
  id: number;
  /** The run that gave it its number; the one that runs where nothing is said. */
  run: string | undefined;
}

export function ClientDetail({ id, run }: Props) {
  const server = useServer();
  const view = useView();
  // Once a second, as the stream's status comes: TCP_INFO moves even while nothing is said.
  const { value, problem } = useLoaded(id, server.status.value?.now, () => api.client(id));
  const running = server.status.value?.run;
  const gone = Boolean(run && running && !running.startsWith(run));
  useEffect(() => {
    if (value && running) view.pin(running);
  }, [view, value, running]);
  if (gone) return <p class="detail-note">{`Client ${id} was one of another run (${run}).`}</p>;
  if (!value) return <p class="detail-note">{problem ?? 'Loading…'}</p>;
  const only = () => view.setFilter({ client: String(id) });
  return (
    <>
      <Facts facts={clientFacts(value, server.knownUntil(now.value))} />
      <div class="detail-tools">
        <button type="button" class="button" onClick={only}>
          Only this client's messages
        </button>
        {value.state === 'open' && value.transport !== 'udp' && <DisconnectButton id={id} />}
      </div>
      {value.tcp_info && (
        <section class="tcp-info" aria-label="TCP_INFO">
          <h3>TCP_INFO{value.state === 'closed' && ', when it was closed'}</h3>
          <Facts facts={tcpFacts(value.tcp_info)} />
        </section>
      )}
      <Timeline key={id} clientId={id} version={value.received.messages} />
    </>
  );
}

/** Bytes that have come and are no message yet. */
function waiting({ size, since }: Pending, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(since)) / 1000);
  return `${formatBytes(size)} wait for a line end, ${formatAge(seconds)}`;
}

function clientFacts(client: Client, now: number): Fact[] {
  const traffic = ({ messages, bytes }: Client['received']) =>
    `${formatCount(messages)} · ${formatBytes(bytes)}`;
  return [
    ['State', <ClientState key="state" client={client} />],
    ...(client.test ? ([['Sent by', <TestMark key="test" client={client} />]] as Fact[]) : []),
    ['Service', client.service],
    ['Remote address', <code key="remote">{client.address}</code>],
    ['Local address', <code key="local">{client.local_address}</code>],
    ['Since', <Moment key="opened" at={client.opened_at} />],
    ['Last seen', <Moment key="seen" at={client.last_seen_at} />],
    ...(client.closed_at
      ? ([['Closed', <Moment key="closed" at={client.closed_at} />]] as Fact[])
      : []),
    ...(client.pending ? ([['Waiting', waiting(client.pending, now)]] as Fact[]) : []),
    ['Received', traffic(client.received)],
    ['Sent', traffic(client.sent)],
    ['Refused', formatCount(client.refused)],
    ['Unanswered', formatCount(client.unanswered)],
  ];
}

function tcpFacts(tcp: TcpInfo): Fact[] {
  return [
    ['State', tcp.state],
    ['TCP round trip', `${formatMicros(tcp.rtt_us)} ± ${formatMicros(tcp.rttvar_us)}`],
    [
      'Retransmits',
      `${formatCount(tcp.retransmits)} now, ${formatCount(tcp.total_retransmits)} in all`,
    ],
    ['Lost', formatCount(tcp.lost)],
    ['Unacknowledged', formatCount(tcp.unacked)],
    ['Congestion window', formatCount(tcp.snd_cwnd)],
    ['MSS out', `${formatCount(tcp.snd_mss)} B`],
    ['MSS in', `${formatCount(tcp.rcv_mss)} B`],
  ];
}

/** Closes a client's connection after a confirmation. */
function DisconnectButton({ id }: { id: number }) {
  const [problem, setProblem] = useState<string | null>(null);
  const disconnect = () =>
    api.disconnect(id).then(
      () => setProblem(null),
      (error) => setProblem(error instanceof ApiProblem ? error.sentence : String(error)),
    );
  return (
    <>
      <ConfirmButton
        label="Disconnect…"
        question="Close its connection?"
        confirm="Disconnect"
        onConfirm={disconnect}
      />
      {problem && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}

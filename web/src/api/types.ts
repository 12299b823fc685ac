/** The shapes of the HTTP API, version 1. Times are RFC 3339 UTC with microseconds. */

export type ServiceName = 'udp-upper' | 'tcp-upper' | 'tcp-chat' | (string & {});
export type Transport = 'udp' | 'tcp' | 'unix';

export interface Payload {
  size: number;
  stored_size: number;
  truncated: boolean;
  /** Null where the bytes are not valid UTF-8. */
  text: string | null;
  base64: string;
}

export interface Message {
  seq: number;
  service: ServiceName;
  client: { id: number; address: string };
  listener: string;
  received_at: string;
  replied_at: string | null;
  service_us: number | null;
  received: Payload;
  /** What ended the line that was received; it is not part of the message. */
  line_end: 'none' | 'lf' | 'crlf';
  sent: Payload | null;
  outcome: string;
  /** The run that has recorded it; only where one message is asked for. */
  run?: string;
  /** Mistakes that can be recognised in what was received; not there where there are none. */
  hints?: string[];
}

export interface Traffic {
  messages: number;
  bytes: number;
}

/** Bytes received on TCP that are not yet a message. */
export interface Pending {
  size: number;
  since: string;
}

export interface Client {
  id: number;
  service: ServiceName;
  transport: Transport;
  listener: string;
  address: string;
  local_address: string;
  state: 'open' | 'closed';
  opened_at: string;
  last_seen_at: string;
  closed_at: string | null;
  closed_by: string | null;
  close_reason: string | null;
  /** The server's own test datagrams. */
  test: boolean;
  received: Traffic;
  sent: Traffic;
  refused: number;
  unanswered: number;
  pending: Pending | null;
  rtt_us: number | null;
}

/** What the kernel knows of a TCP connection. */
export interface TcpInfo {
  state: string;
  rtt_us: number;
  rttvar_us: number;
  retransmits: number;
  total_retransmits: number;
  lost: number;
  unacked: number;
  snd_cwnd: number;
  snd_mss: number;
  rcv_mss: number;
}

export interface ClientDetail extends Client {
  /** Null for what is no TCP connection. */
  tcp_info: TcpInfo | null;
}

export interface Listener {
  service: ServiceName;
  transport: Transport;
  address: string;
  received: Traffic;
  sent: Traffic;
  refused: number;
  unanswered: number;
  connections: number;
  rejected_connections: number;
  kernel_drops: number;
  open_clients: number;
}

export interface LogStatus {
  /** Changes when sequence numbers begin anew. */
  id: string;
  oldest_seq: number;
  newest_seq: number;
  messages: number;
  bytes: number;
  capacity_bytes: number;
  evicted: number;
  cleared: number;
}

/** The log's file. */
export interface StoreStatus {
  path: string;
  state: 'recording' | 'disk_full' | 'failed' | 'blocked' | (string & {});
  oldest_seq: number;
  newest_seq: number;
  messages: number;
  file_bytes: number;
  wal_bytes: number;
  lost: number;
  gaps: number;
  error: string | null;
}

export interface Status {
  version: string;
  /** Random, and another one with each start. */
  run: string;
  started_at: string;
  now: string;
  uptime_s: number;
  listeners: Listener[];
  clients: { open: number; closed: number };
  log: LogStatus;
  /** Null where the log is kept in memory only. */
  store?: StoreStatus | null;
  http: { connections: number; streams: number; streams_max: number };
}

export interface Gap {
  from: number;
  to: number;
  reason: 'evicted' | 'sampled' | 'restarted' | (string & {});
  /** With a filter: how many of the range would have matched. */
  matched?: number;
}

export interface List<T> {
  items: T[];
  page: { limit: number; has_more: boolean; next: string | null };
}

export interface ClientChanges {
  items: Client[];
  /** How many clients changed besides those listed. */
  more: number;
}

export type PayloadEncoding = 'text' | 'hex' | 'base64';

export type DatagramRequest = { from_port: number; timeout_ms: number } & (
  | { listener: string }
  | { to: string }
) &
  ({ text: string } | { hex: string } | { base64: string });

export interface DatagramResult {
  from: string;
  to: string;
  sent: Payload;
  reply: Payload | null;
  /** Not `to` where that is a broadcast address. */
  reply_from: string | null;
  rtt_us: number | null;
  timed_out: boolean;
}

/** The last minutes as the server counted them; each service's lists are equally long, the oldest first. */
export interface RateAnswer {
  step_s: number;
  /** The end of the last full second. */
  end: string;
  services: {
    service: ServiceName;
    messages: number[];
    received_bytes: number[];
    sent_bytes: number[];
    refused: number[];
    unanswered: number[];
  }[];
}

/** The shapes of the HTTP API, version 1, by the names that the page has for them. schema.d.ts is
 * written by tools/apiTypes.mjs from the API's own description, with each build. */
import type * as schema from './schema';

export type {
  Client,
  ClientDetail,
  ClientEvent as ClientChanges,
  ClientPage,
  DatagramResult,
  Fates,
  Fault,
  Gap,
  Held,
  Listener,
  LogStatus,
  Message,
  MessagePage,
  Payload,
  Rates as RateAnswer,
  Rule,
  RuleChange,
  RuleRequest,
  Rules,
  Scenarios,
  Service as ServiceName,
  Status,
  Store as StoreStatus,
  TcpInfo,
  Traffic,
  Transport,
} from './schema';

export type Side = 'received' | 'sent';

export interface List<T> {
  items: T[];
  page: schema.Page;
}

export type Pending = NonNullable<schema.Pending>;

export type PayloadEncoding = 'text' | 'hex' | 'base64';

type Body = Required<schema.DatagramRequest>;

/** The page chooses every member that has a default, and one of those that exclude each other. */
export type DatagramRequest = Pick<Body, 'from_port' | 'timeout_ms'> &
  (Pick<Body, 'listener'> | Pick<Body, 'to'>) &
  (Pick<Body, 'text'> | Pick<Body, 'hex'> | Pick<Body, 'base64'>);

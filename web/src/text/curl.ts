/** An operation as a command that a shell runs as it stands. */
import type { Operation, Parameter } from './openapi';
import { shellWord } from './shell';

export interface CurlOptions {
  /** Where the gateway is: http://127.0.0.1:8080 */
  origin: string;
  /** The gateway asks for a token: the command takes it from the environment. */
  token: boolean;
}

export function curlCommand(operation: Operation, { origin, token }: CurlOptions): string {
  const { method, body, path, parameters } = operation;
  const words = ['curl', flags(operation)];
  if (method !== 'GET' && !body) words.push('-X', method);
  if (token) words.push('-H', '"Authorization: Bearer $TOKEN"');
  const [type, media] = Object.entries(body ?? {})[0] ?? [];
  if (type) {
    words.push('-H', shellWord(`Content-Type: ${type}`));
    words.push('-d', shellWord(JSON.stringify(media?.example ?? {})));
  }
  words.push(shellWord(origin + filledPath(path, parameters) + query(parameters)));
  return words.join(' ');
}

/** A stream is shown as it comes, a file is kept under the name that it comes with. */
function flags({ responses }: Operation): string {
  const good = responses.find(({ status }) => status.startsWith('2'))?.response;
  const types = Object.keys(good?.content ?? {});
  if (types.includes('text/event-stream')) return '-sN';
  return types.some((type) => !/json$|^text\/plain/.test(type)) ? '-sOJ' : '-s';
}

function filledPath(path: string, parameters: readonly Parameter[]): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(exampleOf(parameters.find((p) => p.name === name)))),
  );
}

/** What has to be there; what may be there stands in the table of parameters. */
function query(parameters: readonly Parameter[]): string {
  const needed = parameters.filter((p) => p.in === 'query' && p.required);
  const text = new URLSearchParams(needed.map((p) => [p.name, String(exampleOf(p))])).toString();
  return text && `?${text}`;
}

function exampleOf(parameter: Parameter | undefined): unknown {
  const { example, schema } = parameter ?? {};
  return example ?? schema?.examples?.[0] ?? schema?.default ?? schema?.enum?.[0] ?? 1;
}

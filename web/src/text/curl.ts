/** An operation as a command that a shell runs as it stands. */
import type { Operation, Parameter } from './openapi';
import { shellWord } from './shell';

export interface CurlOptions {
  /** Where the server is: http://127.0.0.1:8080 */
  origin: string;
  /** The server asks for a token: the command takes it from the environment. */
  token: boolean;
}

type Request = Pick<Operation, 'method' | 'path' | 'body' | 'parameters' | 'produces'>;

export function curlCommand(operation: Request, { origin, token }: CurlOptions): string {
  const { method, body, path, parameters, produces } = operation;
  const words = ['curl', flags(produces)];
  if (method !== (body === undefined ? 'GET' : 'POST')) words.push('-X', method);
  if (token) words.push('-H', '"Authorization: Bearer $TOKEN"');
  if (body !== undefined) {
    words.push('-H', shellWord('Content-Type: application/json'));
    words.push('-d', shellWord(JSON.stringify(body)));
  }
  words.push(shellWord(origin + filledPath(path, parameters) + requiredQuery(parameters)));
  return words.join(' ');
}

/** A stream is shown as it comes, a file is kept under the name that it comes with. */
function flags(types: readonly string[]): string {
  if (types.includes('text/event-stream')) return '-sN';
  return types.some((type) => !/json$|^text\/plain/.test(type)) ? '-sOJ' : '-s';
}

function filledPath(path: string, parameters: readonly Parameter[]): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(exampleOf(parameters.find((p) => p.name === name)))),
  );
}

function requiredQuery(parameters: readonly Parameter[]): string {
  const required = parameters.filter((p) => p.in === 'query' && p.required);
  const text = new URLSearchParams(required.map((p) => [p.name, String(exampleOf(p))])).toString();
  return text && `?${text}`;
}

function exampleOf(parameter: Parameter | undefined): unknown {
  const { example, schema } = parameter ?? {};
  return example ?? schema?.examples?.[0] ?? schema?.default ?? schema?.enum?.[0] ?? 1;
}

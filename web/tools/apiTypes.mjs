// Hold src/api/types.ts against the gateway's OpenAPI document: node apiTypes.mjs DOCUMENT
// What the gateway may answer has to be what the page expects, and the page's requests what it takes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The page's type, and the document's that has to fit into it. */
const ANSWERS = {
  'List<ours.Message>': 'MessagePage',
  'List<ours.Client>': 'ClientPage',
  'ours.ClientDetail': 'ClientDetail',
  'ours.ClientChanges': 'ClientEvent',
  'ours.Status': 'Status',
  'ours.Gap': 'Gap',
  'ours.RateAnswer': 'Rates',
  'ours.DatagramResult': 'DatagramResult',
};
const FLAGS =
  '--ignoreConfig --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler --target es2022';
const PLAIN = {
  integer: 'number',
  number: 'number',
  string: 'string',
  boolean: 'boolean',
  null: 'null',
};

function typeOf(schema) {
  if (schema.$ref) return `api.${schema.$ref.split('/').at(-1)}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const parts = [];
  const choices = schema.oneOf ?? schema.anyOf;
  // A choice of nothing but "required" says which fields go together, not what they are.
  const real = choices?.filter((choice) => Object.keys(choice).join() !== 'required') ?? [];
  if (real.length > 0) parts.push(`(${real.map(typeOf).join(' | ')})`);
  parts.push(...(schema.allOf?.map(typeOf) ?? []));
  if (schema.properties) parts.push(objectType(schema));
  if (parts.length > 0) return parts.join(' & ');
  if (Array.isArray(schema.type))
    return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  if (schema.type === 'array') return `(${typeOf(schema.items ?? {})})[]`;
  return PLAIN[schema.type] ?? 'unknown';
}

function objectType({ properties, required = [] }) {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const optional = required.includes(name) ? '' : '?';
    return `${JSON.stringify(name)}${optional}: ${typeOf(schema)};`;
  });
  return `{ ${fields.join(' ')} }`;
}

function checkOf({ components }) {
  const schemas = Object.entries(components.schemas);
  const answers = Object.entries(ANSWERS).map(([ours, api]) => `Fits<api.${api}, ${ours}>`);
  return [
    `import type * as ours from ${JSON.stringify(path.join(web, 'src/api/types'))};`,
    'declare namespace api {',
    ...schemas.map(([name, schema]) => `  export type ${name} = ${typeOf(schema)};`),
    '}',
    'type List<T> = ours.List<T>;',
    'type Fits<Given extends Wanted, Wanted> = Given;',
    `export type Answers = [\n  ${answers.join(',\n  ')}\n];`,
    'export type Requests = [Fits<ours.DatagramRequest, api.DatagramRequest>];',
    '',
  ].join('\n');
}

const folder = mkdtempSync(path.join(tmpdir(), 'socklens-types-'));
try {
  const file = path.join(folder, 'check.ts');
  writeFileSync(file, checkOf(JSON.parse(readFileSync(process.argv[2], 'utf8'))));
  const tsc = path.join(web, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, ...FLAGS.split(' '), file], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

// Writes src/api/schema.d.ts: the schemas of the OpenAPI document as types: node apiTypes.mjs
// openapi-typescript does the same, but needs TypeScript 5 beside ours, and twenty packages more.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const FILE = path.join(web, 'src/api/schema.d.ts');
export const DOCUMENT = path.join(web, '../src/api/openapi.json');

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const parts = [];
  const choices = schema.oneOf ?? schema.anyOf;
  // A choice of nothing but "required" says which fields go together, not what they are.
  const real = choices?.filter((choice) => Object.keys(choice).join() !== 'required') ?? [];
  if (real.length > 0) parts.push(`(${real.map(typeOf).join(' | ')})`);
  parts.push(...(schema.allOf?.map(typeOf) ?? []));
  if (schema.properties) parts.push(`(${objectType(schema)}${orNull(schema)})`);
  if (parts.length > 0) return parts.join(' & ');
  if (Array.isArray(schema.type))
    return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  if (schema.type === 'array') return `(${typeOf(schema.items ?? {})})[]`;
  return { integer: 'number', object: 'object' }[schema.type] ?? schema.type ?? 'unknown';
}

function objectType({ properties, required = [] }) {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const optional = required.includes(name) ? '' : '?';
    return `${note(schema)}  ${JSON.stringify(name)}${optional}: ${typeOf(schema)};\n`;
  });
  return `{\n${fields.join('')}}`;
}

/** An object that may be missing has both types in one schema. */
const orNull = (schema) => ([schema.type].flat().includes('null') ? ' | null' : '');

function note({ description }) {
  return description ? `/** ${description} */\n` : '';
}

/** Writes the file only where it changes, and at once: several builds may run. */
export function writeApiTypes() {
  const { components } = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
  const text = Object.entries(components.schemas)
    .map(([name, schema]) => `${note(schema)}export type ${name} = ${typeOf(schema)};\n`)
    .join('\n');
  if (existsSync(FILE) && readFileSync(FILE, 'utf8') === text) return;
  writeFileSync(`${FILE}.${process.pid}`, text);
  renameSync(`${FILE}.${process.pid}`, FILE);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeApiTypes();

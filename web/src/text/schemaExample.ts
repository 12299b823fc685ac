/** An example of what a schema describes: the document's own where it has one, else one that fits. */
import { type ApiDocument, resolveSchema, type Schema } from './openapi';

const DEEPEST = 8;
const FORMATS: Record<string, string> = { 'date-time': '2026-01-31T12:00:00.000000Z' };

export function schemaExample(api: ApiDocument, from: Schema, depth = 0): unknown {
  const schema = resolveSchema(api, from);
  const given = schema.examples?.[0] ?? schema.const ?? schema.default ?? schema.enum?.[0];
  if (given !== undefined) return given;
  const choice = schema.oneOf?.[0] ?? schema.anyOf?.[0];
  if (depth > DEEPEST) return null;
  if (choice) return schemaExample(api, choice, depth + 1);
  if (schema.allOf)
    return Object.assign({}, ...schema.allOf.map((part) => schemaExample(api, part, depth + 1)));
  if (schema.properties) return objectExample(api, schema.properties, depth);
  if (schema.items) return [schemaExample(api, schema.items, depth + 1)];
  return scalarExample(schema);
}

function objectExample(api: ApiDocument, properties: Record<string, Schema>, depth: number) {
  return Object.fromEntries(
    Object.entries(properties).map(([name, of]) => [name, schemaExample(api, of, depth + 1)]),
  );
}

function scalarExample({ type, format, minimum }: Schema): unknown {
  const first = [type ?? 'null'].flat()[0];
  if (first === 'string') return FORMATS[format ?? ''] ?? '';
  if (first === 'integer' || first === 'number') return minimum ?? 0;
  if (first === 'boolean') return false;
  return first === 'object' ? {} : null;
}

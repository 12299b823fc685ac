/** A schema in words: its type with the names of other schemas in it, and what else it demands. */
import { refName, type Schema } from './openapi';

/** A piece of a type: plain words, or the name of a schema that stands elsewhere. */
export interface TypePart {
  text: string;
  schema?: true;
}

export function typeParts(schema: Schema): TypePart[] {
  if (schema.$ref) return [{ text: refName(schema.$ref), schema: true }];
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return joined(choices.map(typeParts), ' or ');
  if (schema.allOf) return joined(schema.allOf.map(typeParts), ' and ');
  if (schema.const !== undefined) return [{ text: JSON.stringify(schema.const) }];
  if (schema.enum) return [{ text: schema.enum.map(plain).join(' | ') }];
  if (schema.type === 'array') return [{ text: 'list of ' }, ...typeParts(schema.items ?? {})];
  const types = [schema.type ?? 'any'].flat();
  return [{ text: types.join(' or ') }];
}

/** As it is where that can be read, else as JSON has it: an empty text, a line feed. */
function plain(value: unknown): string {
  return typeof value === 'string' && /^[\w.,/-]+$/.test(value) ? value : JSON.stringify(value);
}

function joined(lists: TypePart[][], word: string): TypePart[] {
  return lists.flatMap((list, n) => (n === 0 ? list : [{ text: word }, ...list]));
}

/** ", 1 to 1000, 100 by default": what is allowed besides the type, to be put behind it. */
export function limitWords(schema: Schema): string {
  const { minimum, maximum, format, pattern, maxItems } = schema;
  const words: string[] = [];
  if (format) words.push(format);
  if (pattern) words.push(`like ${pattern}`);
  if (minimum !== undefined && maximum !== undefined) words.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) words.push(`at least ${minimum}`);
  else if (maximum !== undefined) words.push(`at most ${maximum}`);
  if (maxItems !== undefined) words.push(`at most ${maxItems} of them`);
  if (schema.default !== undefined) words.push(`${plain(schema.default)} by default`);
  return words.map((word) => `, ${word}`).join('');
}

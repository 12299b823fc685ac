/** What the page takes from the API's own description: a part of an OpenAPI 3.1 document. */

export interface Schema {
  $ref?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Schema;
  example?: unknown;
}

interface Reference {
  $ref: string;
}

type Content = Record<string, { schema?: Schema; example?: unknown }>;

interface RawOperation {
  operationId: string;
  summary: string;
  description?: string;
  parameters?: (Parameter | Reference)[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content } | Reference>;
}

interface PathItem {
  parameters?: (Parameter | Reference)[];
  [method: string]: unknown;
}

export interface ApiDocument {
  info: { description?: string };
  paths: Record<string, PathItem>;
  components: {
    schemas: Record<string, Schema>;
    [kind: string]: Record<string, unknown> | undefined;
  };
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  /** Those of the path and the members of the body too. */
  parameters: Parameter[];
  /** The example of a JSON body; undefined where there is no body. */
  body: unknown;
  /** The media types of the good answer. */
  produces: string[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

function resolve<T extends object>(api: ApiDocument, value: T | Reference): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  const [kind = '', name = ''] = value.$ref.split('/').slice(-2);
  const found = api.components[kind]?.[name];
  if (!found) throw new Error(`${value.$ref} leads nowhere`);
  return found as T;
}

/** A schema with its reference followed; what stands beside the reference is about this use of it. */
export function resolveSchema(api: ApiDocument, schema: Schema): Schema {
  if (!schema.$ref) return schema;
  const { $ref, ...beside } = schema;
  return { ...resolve<Schema>(api, { $ref }), ...beside };
}

export function readOperations(api: ApiDocument): Operation[] {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) =>
      readOperation(api, path, method, item),
    ),
  );
}

function readOperation(api: ApiDocument, path: string, method: string, item: PathItem): Operation {
  const raw = item[method] as RawOperation;
  const body = raw.requestBody?.content['application/json'];
  const good = Object.keys(raw.responses).find((status) => status.startsWith('2')) ?? '';
  const parameters = [...(item.parameters ?? []), ...(raw.parameters ?? [])];
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path,
    summary: raw.summary,
    description: raw.description ?? '',
    parameters: [
      ...parameters.map((parameter) => resolve<Parameter>(api, parameter)),
      ...members(api, body?.schema ?? {}),
    ].map((parameter) => ({ ...parameter, schema: resolveSchema(api, parameter.schema) })),
    body: body?.example,
    produces: Object.keys(resolve(api, raw.responses[good] ?? {}).content ?? {}),
  };
}

function members(api: ApiDocument, body: Schema): Parameter[] {
  const { properties = {}, required = [] } = resolveSchema(api, body);
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'body',
    required: required.includes(name),
    description: schema.description ?? '',
    schema,
  }));
}

/** The names that a schema made of an enumeration allows. */
export function enumNames(api: ApiDocument, schema: string): string[] {
  const values = api.components.schemas[schema]?.enum ?? [];
  return values.filter((value): value is string => typeof value === 'string');
}

/** What the document says of a schema or of one of its properties: "Outcome", "Client.opened_at". */
export function definitionOf(api: ApiDocument, name: string): string | undefined {
  const [schema = '', property] = name.split('.');
  const whole = api.components.schemas[schema];
  const found = property ? whole?.properties?.[property] : whole;
  return found && resolveSchema(api, found).description;
}

/** What a value of an enum means: its description has them as "`value`: meaning; `value`: meaning". */
export function valueDefinitionOf(
  api: ApiDocument,
  schema: string,
  value: string,
): string | undefined {
  const description = api.components.schemas[schema]?.description ?? '';
  const all = description.matchAll(/`([\w-]+)`: ([^;]+)/g);
  return [...all].find(([, name]) => name === value)?.[2];
}

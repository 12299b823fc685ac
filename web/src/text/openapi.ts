/** The API as it describes itself: what of an OpenAPI 3.1 document the reference shows. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

interface Reference {
  $ref: string;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Schema;
  example?: unknown;
}

export interface Media {
  schema?: Schema;
  example?: unknown;
}

type Content = Record<string, Media>;

export interface ApiResponse {
  description: string;
  content?: Content;
}

interface PathItem {
  parameters?: (Parameter | Reference)[];
  [method: string]: unknown;
}

interface RawOperation {
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: (Parameter | Reference)[];
  requestBody?: { description?: string; content: Content };
  responses: Record<string, ApiResponse | Reference>;
}

export interface ApiDocument {
  info: { title: string; version: string; summary?: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, PathItem>;
  components: {
    schemas: Record<string, Schema>;
    securitySchemes?: Record<string, { description?: string }>;
    [kind: string]: Record<string, unknown> | undefined;
  };
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body: Content | null;
  responses: { status: string; response: ApiResponse }[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** The name that a reference ends in: #/components/schemas/Message is Message. */
export function refName(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** What a reference stands for. One that leads nowhere is a fault of the document. */
function resolve<T extends object>(api: ApiDocument, value: T | Reference): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  const kind = value.$ref.split('/').at(-2) ?? '';
  const found = api.components[kind]?.[refName(value.$ref)];
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
  const parameters = [...(item.parameters ?? []), ...(raw.parameters ?? [])];
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path,
    tag: raw.tags?.[0] ?? '',
    summary: raw.summary ?? '',
    description: raw.description ?? '',
    parameters: parameters.map((parameter) => resolve<Parameter>(api, parameter)),
    body: raw.requestBody?.content ?? null,
    responses: Object.entries(raw.responses).map(([status, response]) => ({
      status,
      response: resolve<ApiResponse>(api, response),
    })),
  };
}

export interface OperationGroup {
  name: string;
  description: string;
  operations: Operation[];
}

/** By tag, in the document's order of tags. */
export function groupOperations(api: ApiDocument): OperationGroup[] {
  const operations = readOperations(api);
  const known = api.tags ?? [];
  const names = new Set([...known.map(({ name }) => name), ...operations.map(({ tag }) => tag)]);
  return [...names]
    .map((name) => ({
      name,
      description: known.find((tag) => tag.name === name)?.description ?? '',
      operations: operations.filter(({ tag }) => tag === name),
    }))
    .filter((group) => group.operations.length > 0);
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

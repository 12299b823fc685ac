import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curlCommand } from './curl';
import { type ApiDocument, enumNames, groupOperations, readOperations } from './openapi';
import { schemaExample } from './schemaExample';
import { limitWords, typeParts } from './schemaWords';

const api: ApiDocument = {
  info: { title: 'sample', version: '1' },
  tags: [{ name: 'pets', description: 'Animals' }],
  paths: {
    '/pets/{id}': {
      parameters: [{ $ref: '#/components/parameters/id' }],
      get: {
        operationId: 'getPet',
        tags: ['pets'],
        responses: { 200: { $ref: '#/components/responses/Ok' } },
      },
      delete: {
        operationId: 'dropPet',
        tags: ['pets'],
        responses: { 204: { description: 'Gone' } },
      },
    },
    '/pets': {
      post: {
        operationId: 'addPet',
        tags: ['others'],
        requestBody: { content: { 'application/json': { example: { name: "Rex's" } } } },
        responses: { 200: { description: 'Added', content: { 'application/json': {} } } },
      },
    },
    '/calls': {
      get: {
        operationId: 'hear',
        tags: ['pets'],
        parameters: [
          { name: 'kind', in: 'query', required: true, schema: { enum: ['bark', 'purr'] } },
          { name: 'loud', in: 'query', schema: { type: 'boolean' } },
        ],
        responses: { 200: { description: 'Live', content: { 'text/event-stream': {} } } },
      },
    },
  },
  components: {
    parameters: {
      id: { name: 'id', in: 'path', required: true, schema: { type: 'integer' }, example: 3 },
    },
    responses: { Ok: { description: 'Yes', content: { 'application/json': {} } } },
    schemas: {
      Kind: { enum: ['dog', 'cat', null] },
      Owner: { oneOf: [{ $ref: '#/components/schemas/Person' }, { type: 'null' }] },
      Person: { type: 'object', properties: { born: { type: 'string', format: 'date-time' } } },
      Pet: {
        type: 'object',
        properties: {
          kind: { $ref: '#/components/schemas/Kind' },
          owner: { $ref: '#/components/schemas/Owner' },
          friends: { type: 'array', items: { $ref: '#/components/schemas/Pet' } },
        },
      },
    },
  },
};
const operation = (id: string) => {
  const found = readOperations(api).find((one) => one.id === id);
  assert.ok(found);
  return found;
};

test('operations come by tag, with what their path and the components say of them', () => {
  const groups = groupOperations(api).map(({ name, operations }) => [
    name,
    operations.map(({ id }) => id),
  ]);
  assert.deepEqual(groups, [
    ['pets', ['getPet', 'dropPet', 'hear']],
    ['others', ['addPet']],
  ]);
  assert.equal(operation('getPet').parameters[0]?.name, 'id');
  assert.equal(operation('getPet').responses[0]?.response.description, 'Yes');
  assert.deepEqual(enumNames(api, 'Kind'), ['dog', 'cat']);
});

test('a curl command names what has to be there and says how the answer comes', () => {
  const command = (id: string, token = false) =>
    curlCommand(operation(id), { origin: 'http://h:1', token });
  assert.equal(command('getPet'), 'curl -s http://h:1/pets/3');
  assert.equal(command('dropPet'), 'curl -s -X DELETE http://h:1/pets/3');
  assert.equal(command('hear'), "curl -sN 'http://h:1/calls?kind=bark'");
  assert.equal(
    command('addPet', true),
    `curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"name":"Rex'\\''s"}' http://h:1/pets`,
  );
});

test('a type is told in words, with the names that stand elsewhere', () => {
  const words = (name: string) =>
    typeParts(api.components.schemas[name] ?? {})
      .map(({ text, schema }) => (schema ? `[${text}]` : text))
      .join('');
  assert.equal(words('Kind'), 'dog | cat | null');
  assert.equal(words('Owner'), '[Person] or null');
  const friends = api.components.schemas.Pet?.properties?.friends ?? {};
  assert.deepEqual(typeParts(friends).at(-1), { text: 'Pet', schema: true });
  assert.equal(
    limitWords({ type: 'integer', minimum: 1, maximum: 9, default: 5 }),
    ', 1 to 9, 5 by default',
  );
  assert.equal(limitWords({ type: 'string', format: 'date-time' }), ', date-time');
});

test('an example fits its schema, also one that holds itself', () => {
  const pet = schemaExample(api, { $ref: '#/components/schemas/Pet' }) as Record<string, unknown>;
  assert.equal(pet.kind, 'dog');
  assert.deepEqual(pet.owner, { born: '2026-01-31T12:00:00.000000Z' });
  assert.ok(Array.isArray(pet.friends));
});

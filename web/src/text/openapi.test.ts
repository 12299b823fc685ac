import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curlCommand } from './curl';
import { type ApiDocument, enumNames, readOperations } from './openapi';

const api: ApiDocument = {
  info: {},
  paths: {
    '/pets/{id}': {
      parameters: [{ $ref: '#/components/parameters/id' }],
      get: { operationId: 'getPet', responses: { 200: { $ref: '#/components/responses/Ok' } } },
      delete: { operationId: 'dropPet', responses: { 204: {} } },
      patch: {
        operationId: 'changePet',
        requestBody: { content: { 'application/json': { schema: {}, example: {} } } },
        responses: { 204: {} },
      },
    },
    '/pets': {
      post: {
        operationId: 'addPet',
        requestBody: {
          content: {
            'application/json': {
              schema: { $ref: '#/components/schemas/Pet' },
              example: { name: "Rex's" },
            },
          },
        },
        responses: { 200: { content: { 'application/json': {} } } },
      },
    },
    '/calls': {
      get: {
        operationId: 'hear',
        parameters: [
          { name: 'kind', in: 'query', required: true, schema: { enum: ['bark', 'purr'] } },
          { name: 'loud', in: 'query', schema: {} },
        ],
        responses: { 200: { content: { 'text/event-stream': {} } } },
      },
    },
    '/pets.csv': {
      get: { operationId: 'savePets', responses: { 200: { content: { 'text/csv': {} } } } },
    },
  },
  components: {
    parameters: { id: { name: 'id', in: 'path', required: true, schema: {}, example: 3 } },
    responses: { Ok: { content: { 'application/json': {} } } },
    schemas: {
      Kind: { enum: ['dog', 'cat', null] },
      Pet: {
        required: ['name'],
        properties: { name: {}, kind: { $ref: '#/components/schemas/Kind', description: 'Which' } },
      },
    },
  },
};
const operation = (id: string) => {
  const found = readOperations(api).find((one) => one.id === id);
  assert.ok(found);
  return found;
};

test('an operation has the parameters of its path and of its body', () => {
  assert.equal(operation('getPet').parameters[0]?.name, 'id');
  const [name, kind] = operation('addPet').parameters;
  assert.deepEqual([name?.name, name?.in, name?.required], ['name', 'body', true]);
  assert.deepEqual([kind?.description, kind?.required], ['Which', false]);
  assert.deepEqual(kind?.schema.enum, ['dog', 'cat', null]);
  assert.deepEqual(enumNames(api, 'Kind'), ['dog', 'cat']);
});

test('a curl command names what is required and says how the answer comes', () => {
  const command = (id: string, token = false) =>
    curlCommand(operation(id), { origin: 'http://h:1', token });
  assert.equal(command('getPet'), 'curl -s http://h:1/pets/3');
  assert.equal(command('dropPet'), 'curl -s -X DELETE http://h:1/pets/3');
  assert.equal(
    command('changePet'),
    "curl -s -X PATCH -H 'Content-Type: application/json' -d '{}' http://h:1/pets/3",
  );
  assert.equal(command('hear'), "curl -sN 'http://h:1/calls?kind=bark'");
  assert.equal(command('savePets'), 'curl -sOJ http://h:1/pets.csv');
  assert.equal(
    command('addPet', true),
    `curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"name":"Rex'\\''s"}' http://h:1/pets`,
  );
});

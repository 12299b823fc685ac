// Has the API's description linted by a linter that is not ours: lint.mjs FOLDER OPENAPI.json
// FOLDER holds the linter's node_modules. One TAP line a rule that was broken, or one for all.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

process.env.REDOCLY_TELEMETRY = 'off';

const [folder, file] = process.argv.slice(2);
const { createConfig, lintFromString } = createRequire(join(resolve(folder), 'package.json'))(
  '@redocly/openapi-core',
);

// All that the linter has beyond its own recommendation and that says something about this API.
const rules = {
  'component-name-unique': 'error',
  'info-license-url': 'off', // an SPDX identifier stands in its place
  'no-http-verbs-in-paths': 'error',
  'no-invalid-media-type-examples': 'error',
  'no-invalid-parameter-examples': 'error',
  'no-invalid-schema-examples': 'error',
  'no-path-trailing-slash': 'off', // the index, whose relative addresses go by it
  'no-required-schema-properties-undefined': 'error',
  'no-unused-components': 'error',
  'operation-description': 'error',
  'operation-parameters-unique': 'error',
  'operation-singular-tag': 'error',
  'parameter-description': 'error',
  'path-segment-plural': 'off', // events, export and status are what they are
  'scalar-property-missing-example': 'off',
  'tag-description': 'error',
};

const config = await createConfig({ extends: ['recommended-strict'], rules });

// Extensions refer to components too, and the linter does not look there.
function isUsed(problem, text) {
  const { pointer } = problem.location[0];
  return problem.ruleId === 'no-unused-components' && text.includes(`{"$ref": "${pointer}"}`);
}

async function problems(text) {
  const found = await lintFromString({ source: text, absoluteRef: resolve(file), config });
  return found.filter((problem) => !isUsed(problem, text));
}

function place(problem) {
  const [location] = problem.location;
  return location.pointer ?? `line ${location.start?.line}`;
}

const text = readFileSync(file, 'utf8');
const broken = text.replace('"#/components/schemas/Status"', '"#/components/schemas/Nothing"');
const found = await problems(text);

console.log('1..2');
for (const problem of found) {
  console.log(`# ${problem.ruleId}: ${problem.message.replaceAll('\n', ' ')} at ${place(problem)}`);
}
console.log(`${found.length === 0 ? 'ok' : 'not ok'} 1 - the description is clean`);
const sees =
  broken !== text && (await problems(broken)).some((p) => p.ruleId === 'no-unresolved-refs');
console.log(`${sees ? 'ok' : 'not ok'} 2 - the linter finds a fault`);
process.exitCode = found.length === 0 && sees ? 0 : 1;

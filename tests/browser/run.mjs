// All browser tests against one executable: node --test-reporter=tap run.mjs SOCKLENS
// One script, so that every test is at the top level of the TAP output.
import { after } from 'node:test';
import { closeSharedBrowser } from './support/dashboard.mjs';
import './live.test.mjs';
import './detail.test.mjs';
import './payload.test.mjs';
import './snippets.test.mjs';
import './send.test.mjs';
import './filter.test.mjs';
import './tabs.test.mjs';
import './safety.test.mjs';
import './hostile.test.mjs';
import './restart.test.mjs';
import './export.test.mjs';
import './clients.test.mjs';
import './layout.test.mjs';
import './print.test.mjs';
import './forced.test.mjs';
import './reference.test.mjs';
import './token.test.mjs';
import './https.test.mjs';
import './proxy.test.mjs';
import './truth.test.mjs';
import './words.test.mjs';
import './times.test.mjs';
import './hints.test.mjs';
import './faults.test.mjs';
import './keys.test.mjs';
import './flood.test.mjs';
import './access.test.mjs';

after(closeSharedBrowser);

import { effect, untracked } from '@preact/signals';
import { render } from 'preact';
import { shareToken, takeTokenFrom } from './api/authorized';
import { api, BASE } from './api/client';
import { SharedStream } from './api/sharedStream';
import { EventStream } from './api/stream';
import { now, StoresContext } from './store/context';
import { Description } from './store/description';
import { Faults } from './store/faults';
import { frameScheduler } from './store/schedule';
import { Sending } from './store/sending';
import { Server } from './store/server';
import { View, windowAddress } from './store/view';
import './styles/main.css';
import { App } from './ui/App';
import { followPreferences } from './ui/appearance';
import { copyBlanks } from './ui/copyBlanks';
import { followPrinting } from './ui/printing';

const DRAW_INTERVAL_MS = 100;
/** Newest messages per tick of the stream; the rest of a flood comes as gaps with exact counts. */
const SAMPLE = 40;
const EVENTS = `${BASE}/events?types=messages,clients,status&sample=${SAMPLE}`;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const server = new Server({
  api,
  schedule: frameScheduler(DRAW_INTERVAL_MS),
  pause,
  clock: () => Date.now(),
});
const address = windowAddress();
address.replace(takeTokenFrom(address.hash()));
const folder = new URL('.', document.baseURI).pathname;
shareToken(`socklens token ${folder}`);
const view = new View(address);
const sending = new Sending({
  api,
  pause,
  now: () => performance.now(),
});
const description = new Description(api);
const faults = new Faults(api);
const stream = new SharedStream(
  `socklens ${folder}`,
  (handlers) => new EventStream(EVENTS, handlers),
  {
    onState: (state) => server.onState(state),
    onEvents: (events) => server.onEvents(events),
    resumeId: () => server.resumeId(),
  },
);
effect(() => {
  const filter = view.filter.value;
  untracked(() => server.setFilter(filter));
});
// Its definitions of words are the page's tooltips.
effect(() => {
  if (server.stream.value.name === 'live')
    void untracked(() => Promise.all([description.load(), faults.load()]));
});
stream.start();

setInterval(() => {
  now.value = Date.now();
  if (!document.hidden) faults.tick(view.detail.value?.kind === 'faults');
}, 1000);
for (const event of ['popstate', 'hashchange']) addEventListener(event, () => view.read());
addEventListener('online', () => stream.retryNow());
// A tab that goes leaves the stream to the others; one that is taken from the cache is there again.
addEventListener('pagehide', () => stream.stop());
addEventListener('pageshow', () => stream.start());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) stream.retryNow();
});

const root = document.getElementById('app');
if (root) {
  followPreferences(document.documentElement, root);
  followPrinting(window);
  copyBlanks(document);
  render(
    <StoresContext.Provider value={{ server, view, sending, description, faults }}>
      <App />
    </StoresContext.Provider>,
    root,
  );
}

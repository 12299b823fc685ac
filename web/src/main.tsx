import { effect, untracked } from '@preact/signals';
import { render } from 'preact';
import { api } from './api/client';
import { SharedStream } from './api/sharedStream';
import { now, StoresContext } from './store/context';
import { Description } from './store/description';
import { type Filter, filterQuery, isEmptyFilter } from './store/filter';
import { Gateway } from './store/gateway';
import { frameScheduler } from './store/schedule';
import { Sending } from './store/sending';
import { View, windowAddress } from './store/view';
import './styles/main.css';
import { App } from './ui/App';
import { followPreferences } from './ui/appearance';

const DRAW_INTERVAL_MS = 100;
/** Newest messages per tick of the stream; the rest of a flood comes as gaps with exact counts. */
const SAMPLE = 40;

const gateway = new Gateway({
  api,
  schedule: frameScheduler(DRAW_INTERVAL_MS),
  clock: () => Date.now(),
});
const view = new View(windowAddress());
const sending = new Sending({
  api,
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
const description = new Description(api);
let stream: SharedStream | null = null;
effect(() => {
  const filter = view.filter.value;
  untracked(() => {
    stream?.stop();
    gateway.setFilter(filter);
    stream = new SharedStream(eventsUrl(filter), {
      onState: (state) => gateway.onState(state),
      onEvents: (events) => gateway.onEvents(events),
      resumeId: () => gateway.resumeId(),
    });
    stream.start();
  });
});

function eventsUrl(filter: Filter): string {
  const query = isEmptyFilter(filter) ? '' : `&${filterQuery(filter)}`;
  return `/api/v1/events?types=messages,clients,status&sample=${SAMPLE}${query}`;
}

setInterval(() => {
  now.value = Date.now();
}, 1000);
for (const event of ['popstate', 'hashchange']) addEventListener(event, () => view.read());
addEventListener('online', () => stream?.retryNow());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) stream?.retryNow();
});

const root = document.getElementById('app');
if (root) {
  followPreferences(document.documentElement, root);
  render(
    <StoresContext.Provider value={{ gateway, view, sending, description }}>
      <App />
    </StoresContext.Provider>,
    root,
  );
}

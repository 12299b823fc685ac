import { overdue } from '../api/client';
import type { StoreStatus } from '../api/types';
import { now, useServer, useView } from '../store/context';
import { heldMessages, openConnections } from '../store/figures';
import { sendForm, size, theme, timeZone } from '../store/preferences';
import { today } from '../store/times';
import {
  formatAge,
  formatBytes,
  formatCompact,
  formatCount,
  formatMemory,
  formatRate,
  formatWords,
} from '../text/format';
import { zoneLabel, zoneName } from '../text/time';
import { NetworkPill } from './NetworkPill';
import { layout } from './pageSize';
import { Stat } from './Stat';
import { closeSendForm, openSendForm } from './sendFormFocus';

interface Props {
  onShowKeys: () => void;
}

export function Toolbar({ onShowKeys }: Props) {
  const server = useServer();
  const status = server.status.value;
  const live = server.stream.value.name === 'live';
  const rates = [...server.rates.value.values()];
  const perSecond = rates.reduce((sum, rate) => sum + (rate?.messages ?? 0), 0);
  const known = live && rates.some((rate) => rate !== null);
  const drops = status?.listeners.reduce((sum, listener) => sum + listener.kernel_drops, 0);
  return (
    <header class="toolbar">
      <h1 class="toolbar-brand">
        <img src="favicon.svg" alt="" />
        <span class="toolbar-brand-name">socklens</span>
      </h1>
      <StreamPill />
      <NetworkPill />
      <dl class="toolbar-stats">
        <Stat
          label="Messages/s"
          value={known ? formatRate(perSecond) : '–'}
          title="Messages received in the last second, by all listeners"
        />
        <Stat
          label="Messages"
          value={status ? formatCount(heldMessages(status)) : '–'}
          title="Messages that the log holds, in memory and in its file"
        />
        <Stat
          label="Connections"
          value={status ? formatCount(openConnections(status)) : '–'}
          title="TCP and Unix connections that are open; UDP has none"
        />
        <Stat
          label="In memory"
          word="LogStatus.bytes"
          value={status ? formatMemory(status.log.bytes) : '–'}
          detail={status ? `of ${formatMemory(status.log.capacity_bytes)}` : ''}
        />
        <Stat
          label="Evicted"
          value={status ? formatCompact(status.log.evicted) : '–'}
          word="LogStatus.evicted"
        />
        {status?.store && <StoreStat store={status.store} />}
        <Stat
          label="Kernel drops"
          value={drops === undefined ? '–' : formatCompact(drops)}
          tone={drops ? 'warn' : undefined}
          word="Listener.kernel_drops"
        />
        <Stat
          label="Uptime"
          value={status ? formatAge(status.uptime_s) : '–'}
          minor
          word="Status.uptime_s"
        />
        <ClockStat aheadMs={server.clockAheadMs.value} />
      </dl>
      <ToolbarTools onShowKeys={onShowKeys} />
    </header>
  );
}

/** A status comes each second: after this time the connection may be lost. */
const STALE_S = 2.5;

const SHORT =
  'Events come, and requests get no answer. A browser opens six connections to one address: other tabs or downloads from it may hold them all.';

/** Whether the page is live, and if not, how old its data is. */
function StreamPill() {
  const server = useServer();
  const state = server.stream.value;
  const heardAt = server.heardAt.value;
  const age = heardAt === null ? 0 : (now.value - heardAt) / 1000;
  const stale = heardAt !== null && (state.name !== 'live' || age > STALE_S);
  const words = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting' };
  const problem = state.name === 'reconnecting' ? state.problem : undefined;
  return (
    <div class="stream" data-state={state.name} title={problem}>
      <span class="stream-dot" aria-hidden="true" />
      {/* Announced when it changes; the age beside it would chatter each second. */}
      <span role="status">{words[state.name]}</span>
      {state.name === 'live' && overdue.value > 0 && (
        <span class="stream-short" role="status" title={SHORT}>
          requests wait
        </span>
      )}
      {stale && <span class="stream-age">shown as of {formatAge(age)} ago</span>}
    </div>
  );
}

const THEMES = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

interface ToolbarToolsProps {
  onShowKeys: () => void;
}

/** Links, appearance and the list of keys. */
function ToolbarTools({ onShowKeys }: ToolbarToolsProps) {
  const large = size.value === 'projector';
  return (
    <div class="toolbar-tools">
      {layout.value === 'compact' && <SendToggle />}
      <ApiToggle />
      <ZoneToggle />
      <select
        aria-label="Theme"
        value={theme.value}
        onChange={(event) => {
          const chosen = THEMES.find(({ value }) => value === event.currentTarget.value);
          theme.value = chosen?.value ?? 'system';
        }}
      >
        {THEMES.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="button desk-only"
        aria-pressed={large}
        title="Projector mode: large type"
        data-keys="projector"
        onClick={() => {
          size.value = large ? 'normal' : 'projector';
        }}
      >
        <span aria-hidden="true">A+</span>
        <span class="sr-only">Projector mode</span>
      </button>
      <button type="button" class="button desk-only" title="Keys" onClick={onShowKeys}>
        <span class="mono" aria-hidden="true">
          ?
        </span>
        <span class="sr-only">Keys</span>
      </button>
    </div>
  );
}

/** Opens the send form on pages too narrow to show it always. */
function SendToggle() {
  const { showsApi } = useView();
  const open = sendForm.value === 'open';
  if (showsApi.value) return null;
  return (
    <button
      type="button"
      class="button"
      aria-expanded={open}
      data-keys="send"
      onClick={() => (open ? closeSendForm() : openSendForm())}
    >
      Send…
    </button>
  );
}

/** A link, so that it can be opened beside the traffic. */
function ApiToggle() {
  const view = useView();
  return (
    <a
      class="button"
      href={view.toggleApiHref()}
      data-keys="api"
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        view.toggleApi();
      }}
    >
      {view.showsApi.value ? 'Traffic' : 'API'}
    </a>
  );
}

/** The time zone of all times on the page; switches between local time and UTC. */
function ZoneToggle() {
  const utc = timeZone.value === 'utc';
  const other = utc ? zoneName('local') : 'UTC';
  return (
    <button
      type="button"
      class="button zone"
      aria-pressed={utc}
      title={`Times are those of ${zoneName(timeZone.value)}. Press for ${other}.`}
      data-keys="utc"
      onClick={() => {
        timeZone.value = utc ? 'local' : 'utc';
      }}
    >
      <span class="sr-only">Times in </span>
      {zoneLabel(timeZone.value, today.value)}
    </button>
  );
}

/** The log's file, and how many messages are missing in it. */
function StoreStat({ store }: { store: StoreStatus }) {
  const whole = store.state === 'recording' && store.lost === 0;
  const missing = store.lost > 0 ? `${formatCompact(store.lost)} lost` : formatWords(store.state);
  return (
    <Stat
      label="Stored"
      value={formatCount(store.messages)}
      detail={whole ? formatBytes(store.file_bytes - store.wal_bytes) : missing}
      title={`Messages in ${store.path}, and the size of this file. Its WAL has ${formatBytes(store.wal_bytes)} more and goes when socklens stops.`}
      tone={whole ? undefined : 'warn'}
    />
  );
}

const TOLD_S = 3;

/** Shown where the server's clock differs from this machine's, since times are the server's. */
function ClockStat({ aheadMs }: { aheadMs: number }) {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds < TOLD_S) return null;
  return (
    <Stat
      label="Server's clock"
      value={`${formatAge(seconds)} ${aheadMs > 0 ? 'ahead' : 'behind'}`}
      tone="warn"
    />
  );
}

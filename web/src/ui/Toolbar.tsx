import { useServer } from '../store/context';
import { heldMessages, openConnections } from '../store/figures';
import { formatAge, formatCompact, formatCount, formatMemory, formatRate } from '../text/format';
import { ClockStat } from './ClockStat';
import { Stat } from './Stat';
import { StoreStat } from './StoreStat';
import { StreamPill } from './StreamPill';
import { ToolbarTools } from './ToolbarTools';

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

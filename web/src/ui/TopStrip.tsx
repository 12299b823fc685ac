import { useGateway } from '../store/context';
import { formatAge, formatCompact, formatCount, formatMemory, formatRate } from '../text/format';
import { ClockStat } from './ClockStat';
import { Stat } from './Stat';
import { StoreStat } from './StoreStat';
import { StreamPill } from './StreamPill';
import { StripTools } from './StripTools';

interface Props {
  onShowKeys: () => void;
}

export function TopStrip({ onShowKeys }: Props) {
  const gateway = useGateway();
  const status = gateway.status.value;
  const live = gateway.stream.value.name === 'live';
  const rates = [...gateway.rates.value.values()];
  const perSecond = rates.reduce((sum, rate) => sum + (rate?.messages ?? 0), 0);
  const known = live && rates.some((rate) => rate !== null);
  const drops = status?.listeners.reduce((sum, listener) => sum + listener.kernel_drops, 0);
  return (
    <header class="strip">
      <h1 class="strip-brand">
        <img src="favicon.svg" alt="" />
        <span class="strip-brand-name">socklens</span>
      </h1>
      <StreamPill />
      <dl class="strip-stats">
        <Stat label="Messages/s" value={known ? formatRate(perSecond) : '–'} />
        <Stat label="Messages" value={status ? formatCount(status.log.newest_seq) : '–'} />
        <Stat label="Open clients" value={status ? formatCount(status.clients.open) : '–'} />
        <Stat
          label="In memory"
          value={status ? formatMemory(status.log.bytes) : '–'}
          detail={status ? `of ${formatMemory(status.log.capacity_bytes)}` : ''}
        />
        <Stat label="Evicted" value={status ? formatCompact(status.log.evicted) : '–'} />
        {status?.store && <StoreStat store={status.store} />}
        <Stat
          label="Kernel drops"
          value={drops === undefined ? '–' : formatCompact(drops)}
          tone={drops ? 'warn' : undefined}
        />
        <Stat label="Uptime" value={status ? formatAge(status.uptime_s) : '–'} minor />
        <ClockStat aheadMs={gateway.clockAheadMs.value} />
      </dl>
      <StripTools onShowKeys={onShowKeys} />
    </header>
  );
}

/** What the times on the page are read against. */
import { computed } from '@preact/signals';
import { dayOf } from '../text/time';
import { now } from './context';
import { timeZone } from './preferences';

/** The day and the offset that go without saying; they change at midnight and with the clock. */
export const today = computed(() => dayOf(now.value, timeZone.value));

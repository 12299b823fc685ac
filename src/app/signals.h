/* Signals as something to poll: no handler runs, so nothing can be interrupted in its middle. */
#ifndef SOCKLENS_APP_SIGNALS_H
#define SOCKLENS_APP_SIGNALS_H

#include <stdint.h>

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGPIPE in this thread and in all that it starts from now on.
 * Returns a signalfd(2) that gives the first three; SIGHUP only where it is not ignored, as
 * nohup(1) has it. A negative errno on failure. */
int sl_signals_open(void);

/* Takes a pending one: its number, or 0 where there is none. */
int sl_signals_take(int fd);

/* Waits for one: its number, or 0 where `timeout_ns` passed without. 0 waits for ever. */
int sl_signals_wait(int fd, int64_t timeout_ns);

#endif

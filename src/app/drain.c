/* The stop runs in a thread of its own, so that this one can still hear a second signal. */
#include "app/drain.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/signals.h"
#include "socklens/clock.h"

/* Over the sum of what the rooms are given: only a defect gets here. */
#define LIMIT_NS (7 * SL_NS_PER_S)

/* timeout(1), npm and others pass on to us what the terminal has sent to the whole process group
 * as well: signals this close together are one wish. */
#define SAME_WISH_NS (300 * SL_NS_PER_MS)

struct drain {
    struct sl_server *server;
    int done; /* eventfd */
};

static void *stop(void *context)
{
    struct drain *drain = context;

    sl_server_stop(drain->server);
    eventfd_write(drain->done, 1);
    return NULL;
}

/* False where it has to end at once. */
static bool wait_until_done(struct drain *drain, int signals, struct sl_log *log)
{
    int64_t start_ns = sl_clock_mono_ns();
    struct pollfd fds[] = {{.fd = drain->done, .events = POLLIN},
                           {.fd = signals, .events = POLLIN}};

    for (;;) {
        int64_t passed_ns = sl_clock_mono_ns() - start_ns;
        if (passed_ns >= LIMIT_NS) {
            sl_log_error(log, "the stop takes too long; ending at once");
            return false;
        }
        poll(fds, 2, (int)((LIMIT_NS - passed_ns) / SL_NS_PER_MS) + 1);
        if (fds[0].revents)
            return true;
        if (fds[1].revents && sl_signals_take(signals) != 0 &&
            sl_clock_mono_ns() - start_ns >= SAME_WISH_NS) {
            sl_log_warning(log, "second signal: ending at once");
            return false;
        }
    }
}

bool sl_drain(struct sl_server *server, int signals, struct sl_log *log)
{
    struct drain drain = {.server = server, .done = eventfd(0, EFD_CLOEXEC)};
    pthread_t thread;
    bool done = true;

    if (drain.done < 0 || pthread_create(&thread, NULL, stop, &drain) != 0) {
        sl_server_stop(server);
    } else {
        done = wait_until_done(&drain, signals, log);
        if (done)
            pthread_join(thread, NULL);
        else
            pthread_detach(thread); /* it ends with the process, which is next */
    }
    if (done && drain.done >= 0)
        close(drain.done);
    return done;
}

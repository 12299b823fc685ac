/* The thread may hang in write(2) for as long as the reader of a full pipe (or Ctrl-S at a
 * terminal) pleases. Making the descriptor non-blocking would change it for everyone who shares it,
 * the user's shell included; cancelling the thread would leave its stack in disorder. So a stop
 * that has waited long enough interrupts the write with a signal, again and again, since one that
 * arrives just before the write is lost. */
#include "socklens/outlet.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/thread.h"

#define INTERRUPT          SIGRTMIN
#define INTERRUPT_EVERY_NS (20 * SL_NS_PER_MS)
/* A write to a disk that hangs takes no signal. */
#define INTERRUPTS_MAX 50

static void ignore_interrupt(int number)
{
    (void)number;
}

int sl_outlet_start(struct sl_outlet *outlet, int fd, void *(*run)(void *), void *context)
{
    struct sigaction action = {.sa_handler = ignore_interrupt}; /* no SA_RESTART */
    int code;

    outlet->fd = fd;
    if (sigaction(INTERRUPT, &action, NULL) < 0)
        return -errno;
    code = sl_thread_start(&outlet->thread, run, context, INTERRUPT);
    outlet->running = code == 0;
    return code;
}

/* Waits a moment on a descriptor that somebody else has made non-blocking. */
static void wait_writable(int fd)
{
    poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
}

int sl_outlet_write(struct sl_outlet *outlet, const void *bytes, size_t size, bool *torn)
{
    const uint8_t *at = bytes;
    int failure = 0;

    while (size > 0 && !failure) {
        /* Before each write: every one may block, and takes an interrupt of its own. */
        if (atomic_load(&outlet->given_up)) {
            failure = -ECANCELED;
            break;
        }
        ssize_t written = write(outlet->fd, at, size);
        if (written >= 0) {
            at += written;
            size -= (size_t)written;
            atomic_fetch_add_explicit(&outlet->bytes_written, (uint64_t)written,
                                      memory_order_relaxed);
        } else if (errno == EAGAIN) {
            wait_writable(outlet->fd);
        } else if (errno != EINTR) {
            failure = -errno;
        }
    }
    if (torn && at != bytes)
        *torn = size > 0;
    return failure;
}

/* True once the thread has ended. */
static bool join_within(pthread_t thread, int64_t timeout_ns)
{
    int64_t ns = sl_clock_wall_ns() + timeout_ns;
    struct timespec deadline = {.tv_sec = ns / SL_NS_PER_S, .tv_nsec = ns % SL_NS_PER_S};

    return pthread_timedjoin_np(thread, NULL, &deadline) == 0;
}

static bool ends_alone(struct sl_outlet *outlet, int64_t timeout_ns, int64_t patience_ns)
{
    int64_t until_ns = sl_clock_mono_ns() + timeout_ns;
    uint64_t before, after = atomic_load(&outlet->bytes_written);

    do {
        int64_t left_ns = until_ns - sl_clock_mono_ns();
        before = after;
        if (join_within(outlet->thread, left_ns < patience_ns ? left_ns : patience_ns))
            return true;
        after = atomic_load(&outlet->bytes_written);
    } while (after != before && sl_clock_mono_ns() < until_ns);
    return false;
}

enum sl_outlet_end sl_outlet_stop(struct sl_outlet *outlet, int64_t timeout_ns, int64_t patience_ns)
{
    if (!outlet->running)
        return outlet->stranded ? SL_OUTLET_STRANDED : SL_OUTLET_ENDED;
    outlet->running = false;
    if (ends_alone(outlet, timeout_ns, patience_ns))
        return SL_OUTLET_ENDED;
    atomic_store(&outlet->given_up, true);
    for (int i = 0; i < INTERRUPTS_MAX; i++) {
        pthread_kill(outlet->thread, INTERRUPT);
        if (join_within(outlet->thread, INTERRUPT_EVERY_NS))
            return SL_OUTLET_CUT;
    }
    pthread_detach(outlet->thread);
    outlet->stranded = true;
    return SL_OUTLET_STRANDED;
}

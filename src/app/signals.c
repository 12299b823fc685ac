/* Signals as reads of a descriptor (signalfd(2)), so that no handler runs between two
 * instructions of anything. */
#include "app/signals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "socklens/clock.h"

static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int sl_signals_open(void)
{
    sigset_t stop, blocked;

    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    if (!is_ignored(SIGHUP))
        sigaddset(&stop, SIGHUP);
    blocked = stop;
    sigaddset(&blocked, SIGPIPE);
    sigaddset(&blocked, SIGXFSZ); /* a log at the limit of file sizes: write(2) says so too */
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int sl_signals_take(int fd)
{
    struct signalfd_siginfo info;

    return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

int sl_signals_wait(int fd, int64_t timeout_ns)
{
    int64_t until_ns = sl_clock_mono_ns() + timeout_ns;
    int number;

    while ((number = sl_signals_take(fd)) == 0) {
        int64_t left_ns = timeout_ns ? until_ns - sl_clock_mono_ns() : 0;

        if (left_ns < 0)
            return 0;
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1,
             timeout_ns ? (int)(left_ns / SL_NS_PER_MS) + 1 : -1);
    }
    return number;
}

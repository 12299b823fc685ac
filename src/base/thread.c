/* Starts threads with all signals blocked, so that only the main thread, which waits for them on
 * a signalfd(2), gets any. */
#include "socklens/thread.h"

#include <signal.h>

int sl_thread_start(pthread_t *thread, void *(*run)(void *), void *context, int let_through)
{
    sigset_t blocked, before;
    int code;

    sigfillset(&blocked);
    if (let_through)
        sigdelset(&blocked, let_through);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    code = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -code;
}

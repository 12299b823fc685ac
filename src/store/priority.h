/* Where processors are short, what records is to keep up with the workers: a datagram waits in its
 * socket, a message that leaves the journal is lost. */
#ifndef STORE_PRIORITY_H
#define STORE_PRIORITY_H

#include <sys/resource.h>
#include <unistd.h>

#define SL_PRIORITY_AHEAD 5

/* Lets the calling thread come before the process's others. Does nothing without a privilege or
 * RLIMIT_NICE. */
static inline void sl_priority_raise(void)
{
    id_t thread = (id_t)gettid();

    setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) - SL_PRIORITY_AHEAD);
}

#endif

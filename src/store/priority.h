/* Where processors are short, what records is to keep up with the workers: a datagram waits in its
 * socket, a message that leaves the journal is lost. */
#ifndef STORE_PRIORITY_H
#define STORE_PRIORITY_H

#include <sys/resource.h>
#include <unistd.h>

/* For the calling thread. Does nothing without a privilege or RLIMIT_NICE. */
static inline void sl_priority_raise(void)
{
    setpriority(PRIO_PROCESS, (id_t)gettid(), -5);
}

#endif

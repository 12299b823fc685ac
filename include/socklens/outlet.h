/* A thread whose work is to write to a descriptor that may block: a pipe that nobody reads, a
 * terminal that was stopped. Nothing but this thread waits for the reader. */
#ifndef SOCKLENS_OUTLET_H
#define SOCKLENS_OUTLET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_outlet {
    int fd; /* not closed here */
    pthread_t thread;
    bool running, stranded;
    atomic_bool given_up;           /* it has to end though not all is written */
    _Atomic uint64_t bytes_written; /* tells a slow reader from one that does not read */
};

/* Starts a thread that runs `run(context)`, which takes no signal but SIGRTMIN; that one gets a
 * handler for this use. 0, or a negative errno. */
int sl_outlet_start(struct sl_outlet *outlet, int fd, void *(*run)(void *), void *context);

/* Writes all of it. 0, or a negative errno: -ECANCELED once the outlet was given up. *torn (may be
 * NULL) is set where a part was written before the failure. For the outlet's thread. */
int sl_outlet_write(struct sl_outlet *outlet, const void *bytes, size_t size, bool *torn);

enum sl_outlet_end {
    SL_OUTLET_ENDED,   /* on its own */
    SL_OUTLET_CUT,     /* given up, what it had to write is lost */
    SL_OUTLET_STRANDED /* its write cannot be interrupted: what the thread uses must stay */
};

/* Waits for the thread, which was told to end: at most `timeout_ns`, and only as long as something
 * is written every `patience_ns`; then gives it up. An outlet that does not run has ended.
 * Idempotent. */
enum sl_outlet_end sl_outlet_stop(struct sl_outlet *outlet, int64_t timeout_ns,
                                  int64_t patience_ns);

#endif

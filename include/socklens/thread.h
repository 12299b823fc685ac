/* Threads that signals leave alone: those are the main thread's. */
#ifndef SOCKLENS_THREAD_H
#define SOCKLENS_THREAD_H

#include <pthread.h>

/* As pthread_create(3), with all signals blocked in the new thread but `let_through` (0: none). 0
 * or a negative errno. */
int sl_thread_start(pthread_t *thread, void *(*run)(void *), void *context, int let_through);

#endif

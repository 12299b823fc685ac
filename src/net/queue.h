/* Connections in a row, each at most once: first come, first served. O(1) each. */
#ifndef SOCKLENS_NET_QUEUE_H
#define SOCKLENS_NET_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct sl_connection;

struct sl_queued {
    struct sl_connection *connection;
    struct sl_queued *previous, *next;
    int64_t until_mono_ns; /* its turn, where the queue is one of time */
};

struct sl_queue {
    struct sl_queued *first, *last;
};

static inline void sl_queue_append(struct sl_queue *queue, struct sl_queued *entry)
{
    entry->previous = queue->last;
    entry->next = NULL;
    *(queue->last ? &queue->last->next : &queue->first) = entry;
    queue->last = entry;
}

static inline void sl_queue_remove(struct sl_queue *queue, struct sl_queued *entry)
{
    *(entry->previous ? &entry->previous->next : &queue->first) = entry->next;
    *(entry->next ? &entry->next->previous : &queue->last) = entry->previous;
}

/* When the first one's time comes; INT64_MAX where there is none. */
static inline int64_t sl_queue_until(const struct sl_queue *queue)
{
    return queue->first ? queue->first->until_mono_ns : INT64_MAX;
}

#endif

/* Connections in a row, each at most once: first come, first served. O(1) each. */
#ifndef SOCKLENS_NET_QUEUE_H
#define SOCKLENS_NET_QUEUE_H

#include <stdint.h>

#include "socklens/list.h"

struct sl_connection;

struct sl_queued {
    struct sl_link link;
    struct sl_connection *connection;
    int64_t until_mono_ns; /* its turn, where the queue is one of time */
};

struct sl_queue {
    struct sl_list list;
};

static inline void sl_queue_append(struct sl_queue *queue, struct sl_queued *entry)
{
    sl_list_append(&queue->list, &entry->link);
}

static inline void sl_queue_remove(struct sl_queue *queue, struct sl_queued *entry)
{
    sl_list_remove(&queue->list, &entry->link);
}

static inline struct sl_queued *sl_queue_first(const struct sl_queue *queue)
{
    return SL_LINKED(queue->list.first, struct sl_queued, link);
}

static inline struct sl_queued *sl_queue_next(const struct sl_queued *entry)
{
    return SL_LINKED(entry->link.next, struct sl_queued, link);
}

/* When the first one's time comes; INT64_MAX where there is none. */
static inline int64_t sl_queue_until(const struct sl_queue *queue)
{
    const struct sl_queued *first = sl_queue_first(queue);

    return first ? first->until_mono_ns : INT64_MAX;
}

#endif

/* Connections in a row, each at most once: first come, first served. O(1) each. */
#ifndef NET_QUEUE_H
#define NET_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct connection;

struct queued {
    struct connection *connection;
    struct queued *previous, *next;
    int64_t until_mono_ns; /* its turn, where the queue is one of time */
};

struct queue {
    struct queued *first, *last;
};

static inline void queue_append(struct queue *queue, struct queued *entry)
{
    entry->previous = queue->last;
    entry->next = NULL;
    *(queue->last ? &queue->last->next : &queue->first) = entry;
    queue->last = entry;
}

static inline void queue_remove(struct queue *queue, struct queued *entry)
{
    *(entry->previous ? &entry->previous->next : &queue->first) = entry->next;
    *(entry->next ? &entry->next->previous : &queue->last) = entry->previous;
}

/* When the first one's time comes; INT64_MAX where there is none. */
static inline int64_t queue_until(const struct queue *queue)
{
    return queue->first ? queue->first->until_mono_ns : INT64_MAX;
}

#endif

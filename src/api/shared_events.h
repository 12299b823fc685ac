/* What all event streams share: the latest status and the latest changes among the clients, written
 * once a tick as finished events. */
#ifndef SOCKLENS_API_SHARED_EVENTS_H
#define SOCKLENS_API_SHARED_EVENTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "socklens/buffer.h"

struct sl_api;
struct sl_shared_events;

struct sl_snapshot {
    _Atomic unsigned refs;
    uint64_t number;            /* grows with each snapshot of its kind */
    int64_t since_ns, until_ns; /* wall clock: changes it covers (clients) */
    struct sl_buffer event;     /* the event's bytes; empty where nothing changed */
};

void sl_shared_events_init(struct sl_shared_events *shared_events);
void sl_shared_events_deinit(struct sl_shared_events *shared_events);

/* Makes new snapshots of the kinds (SL_DUE_STATUS, SL_DUE_CLIENTS). The waiters's thread. */
void sl_shared_events_build(struct sl_api *api, unsigned kinds);

/* The latest snapshot of one kind with a reference for the caller, or NULL. */
struct sl_snapshot *sl_shared_events_get(struct sl_shared_events *shared_events, unsigned kind);
void sl_snapshot_unref(struct sl_snapshot *snapshot);

/* Append such an event. The clients' one tells what changed since then, and is left out where
 * nothing did. 0 or -ENOMEM with nothing appended. */
int sl_shared_events_status_event(struct sl_api *api, struct sl_buffer *out);
int sl_shared_events_clients_event(struct sl_api *api, int64_t since_ns, struct sl_buffer *out);

#endif

/* What the step functions share; each file api_*.c has those of one resource. */
#ifndef SOCKLENS_API_STATE_H
#define SOCKLENS_API_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/due.h"
#include "api/rates.h"
#include "api/routes.h"
#include "socklens/history.h"
#include "socklens/httpd.h"
#include "socklens/log.h"
#include "socklens/net.h"
#include "socklens/request.h"
#include "socklens/target.h"

/* See shared_events.h. */
struct sl_shared_events {
    pthread_mutex_t lock;
    struct sl_snapshot *status, *clients;
    uint64_t number;
};

/* The HTTP thread and that of its waiters share it: what they share is constant after the start,
 * atomic, or has a lock of its own. */
struct sl_api {
    struct sl_httpd *httpd;
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_net *net;
    struct sl_store *store; /* NULL: the journal is all there is */
    struct sl_fault_list *faults;
    struct sl_log *log;
    char *version;
    char log_id[33], run[33];
    size_t streams_max;
    struct sl_targets targets;
    int64_t
        sends_full_at_ns; /* when test datagrams to them may come as a burst again; HTTP thread */
    struct sl_due_clock due;
    struct sl_history history;
    struct sl_shared_events shared_events;
    struct sl_rates rates;
    int64_t started_at_ns;      /* wall clock */
    int64_t started_at_mono_ns; /* monotonic */
    _Atomic size_t streams;
    _Atomic size_t datagrams; /* test datagrams whose reply is awaited */
};

static inline struct sl_api *sl_api_of(const struct sl_request *request)
{
    return sl_httpd_context(request->httpd);
}

#endif

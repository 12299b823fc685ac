/* The web side of the server: the JSON API, the event stream, /metrics and the dashboard.
 *
 * It reads journal, registry and store and never waits in a step. */
#ifndef SOCKLENS_API_H
#define SOCKLENS_API_H

#include <stddef.h>

#include "socklens/error.h"
#include "socklens/fault_list.h"
#include "socklens/httpd.h"
#include "socklens/journal.h"
#include "socklens/log.h"
#include "socklens/net.h"
#include "socklens/registry.h"
#include "socklens/store.h"

struct sl_api_options {
    struct sl_httpd_options httpd;
    const char *const *allow_targets; /* for test datagrams: see target.h */
    size_t allow_target_count;
    size_t streams_max; /* event streams at once; 0: three quarters of the connections */
    const char *version;
    char log_id[33]; /* identity of the log whose sequence numbers these are, hex */
    char run[33];    /* of this start, hex */
};

/* All of it must outlive the API. */
struct sl_api_context {
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_net *net;
    struct sl_store *store; /* NULL: the journal is all there is */
    struct sl_fault_list *faults;
    struct sl_log *log;
};

struct sl_api;

/* Of the answer of /healthz: where messages are not kept on disk now, the store's state and why;
 * and with 500 the worker that is stuck. */
#define SL_API_LOG_HEADER   "Socklens-Log"
#define SL_API_STUCK_HEADER "Socklens-Stuck"

/* `options` and what it points to are copied. NULL with `error` set on failure. */
struct sl_api *sl_api_new(const struct sl_api_options *options,
                          const struct sl_api_context *context, struct sl_error *error);
void sl_api_free(struct sl_api *api); /* stops its server. NULL is fine */

/* Its server, which the caller makes listen, starts and stops. NULL for NULL. */
struct sl_httpd *sl_api_httpd(const struct sl_api *api);

#endif

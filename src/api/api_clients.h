/* One page of clients out of all of them: filter, order, cursor.
 *
 * The registry is walked once a page and the best `limit` + 1 are kept, so a page costs time in the
 * number of clients but memory only in its own size. The cursor is the last one's place in the
 * order (its sort value and id), so pages stay right while clients come and go. */
#ifndef SOCKLENS_API_API_CLIENTS_H
#define SOCKLENS_API_API_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/routes.h"
#include "socklens/registry.h"

/* Half of the number of a word of `sort`; odd ones are descending. */
enum sl_client_sort { SL_SORT_ID, SL_SORT_LAST_SEEN, SL_SORT_MESSAGES, SL_SORT_BYTES };

struct sl_client_place {
    uint64_t value, id;
};

struct sl_client_list {
    struct sl_clients_params asked;
    bool open, closed;
    enum sl_client_sort sort;
    bool descending;
    bool has_after;
    struct sl_client_place after;
    /* The result: at most limit + 1 in order, the last one only as a sign that there is more. */
    struct sl_client_view *views;
    size_t count, capacity;
};

/* 0 or a status with `problem`; deinit in any case. */
unsigned sl_client_list_from_query(struct sl_client_list *list, const struct sl_query *query,
                                   struct sl_problem *problem);
void sl_client_list_deinit(struct sl_client_list *list);

/* Takes part in the page if it fits; false never. For sl_registry_walk. */
bool sl_client_list_visit(void *context, const struct sl_client_view *view);

/* Puts them in order; call once after the last visit. */
void sl_client_list_finish(struct sl_client_list *list);

/* The cursor behind the page's last client, or false where there is no more. */
bool sl_client_list_next(const struct sl_client_list *list, char cursor[64]);

#endif

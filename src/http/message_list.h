/* One page of messages, and the wait for it, in steps of bounded length.
 *
 * Between steps nothing but a sequence number is kept: no block of the journal is held while others
 * have their turn. */
#ifndef SOCKLENS_HTTP_MESSAGE_LIST_H
#define SOCKLENS_HTTP_MESSAGE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "http/page.h"
#include "http/query.h"
#include "socklens/filter.h"
#include "socklens/journal.h"
#include "socklens/json.h"
#include "socklens/registry.h"

/* A page ends early where it grows over this: messages can be 64 KiB on either side. */
#define SL_PAGE_BYTES_MAX ((size_t)8 << 20)
#define SL_WAIT_MAX_NS    (60 * SL_NS_PER_S)

struct sl_message_list {
    struct sl_filter filter;
    uint64_t limit;
    bool oldest_first;
    uint64_t place;  /* oldest first: the next seq to look at; else everything below it is left */
    int64_t wait_ns; /* 0: does not wait */
    uint64_t min;
    uint64_t wait_place, waited; /* the next seq to count, and matches so far */
    /* The result. */
    struct sl_buffer body;
    struct sl_json json;
    uint64_t count, last_seq;
    bool begun, has_more;
    struct sl_gap gap; /* from 0: none */
};

enum sl_progress {
    SL_PROGRESS_CUT,   /* go on with the next step */
    SL_PROGRESS_SHORT, /* the journal's end, and not enough yet */
    SL_PROGRESS_DONE,
};

/* From the message filters, limit cursor after wait min. 0 or a status with `problem`. Deinit in
 * any case. */
unsigned sl_message_list_from_query(struct sl_message_list *list, const struct sl_query *query,
                                    struct sl_problem *problem);
void sl_message_list_deinit(struct sl_message_list *list);

/* Counts what matches until there are `min`. */
enum sl_progress sl_message_list_count(struct sl_message_list *list, struct sl_journal *journal);

/* Writes the page's items; never SHORT. */
enum sl_progress sl_message_list_fill(struct sl_message_list *list, struct sl_journal *journal,
                                      const struct sl_registry *registry);

/* Completes the document in `body`; false where memory was short. */
bool sl_message_list_finish(struct sl_message_list *list);

#endif

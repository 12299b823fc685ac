/* One page of messages, and the wait for it, in steps of bounded length.
 *
 * Between steps nothing but a sequence number is kept: no block of the journal is held while others
 * have their turn. A search that has found too little after a second ends its page where it is, so
 * that whoever asked learns of it and can go on from there. */
#ifndef SOCKLENS_API_API_MESSAGES_H
#define SOCKLENS_API_API_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "api/routes.h"
#include "socklens/history.h"
#include "socklens/json.h"

/* A page ends early where it grows over this: messages can be 64 KiB on either side. */
#define SL_PAGE_BYTES_MAX ((size_t)8 << 20)
#define SL_SEARCH_NS      SL_NS_PER_S

struct sl_message_list {
    struct sl_messages_params asked;
    bool oldest_first;
    char cursor_run[SL_RUN_SIZE]; /* that has given the cursor; "": it does not say */
    const char *run;              /* that gives the next one; NULL: nobody's */
    bool by_cursor;
    uint64_t place;  /* oldest first: the next seq to look at; else everything below it is left */
    uint64_t waited; /* matches so far */
    uint64_t first_seq;    /* of them */
    bool met_gap;          /* while waiting */
    bool has_lost;         /* that gap is of messages which nobody has deleted */
    bool expects;          /* it was asked with max, quiet or strict */
    bool settled;          /* the count is of all that had to be counted */
    int64_t last_match_ns; /* monotonic: when one was last counted, or the wait began */
    struct sl_history_walk wait_walk, walk;
    int64_t until_ns; /* monotonic: the search's end; 0: not begun */
    /* The result. */
    struct sl_buffer body;
    struct sl_json json;
    uint64_t count;
    uint64_t resume_seq; /* the next page begins behind it */
    bool has_more;
    struct sl_gap gap; /* from 0: none */
    const char *gap_reason;
};

enum sl_progress {
    SL_PROGRESS_CUT,   /* go on with the next step */
    SL_PROGRESS_SHORT, /* the log's end, and not enough yet */
    SL_PROGRESS_RETRY, /* go on in SL_HISTORY_RETRY_NS */
    SL_PROGRESS_DONE,
};

/* 0 or a status with `problem`. Deinit in any case. */
unsigned sl_message_list_from_query(struct sl_message_list *list, const struct sl_query *query,
                                    struct sl_problem *problem);
void sl_message_list_deinit(struct sl_message_list *list);

/* Refuses a cursor whose place is not there any more: 0, or 410 with `problem`. */
unsigned sl_message_list_check(const struct sl_message_list *list, struct sl_history *history,
                               struct sl_problem *problem);

/* Counts what matches until there are `asked.min`; of what is expected also more, as far as it can
 * make a difference. */
enum sl_progress sl_message_list_count(struct sl_message_list *list, struct sl_history *history);

/* Whether what was expected has come true, once it is counted. */
bool sl_message_list_is_met(const struct sl_message_list *list);

/* Says of an expectation that was not met what was expected and found. */
void sl_message_list_blame(const struct sl_message_list *list, struct sl_problem *problem);

/* Writes the page's items; never SHORT. */
enum sl_progress sl_message_list_fill(struct sl_message_list *list, struct sl_history *history);

/* Completes the document in `body`; false where memory was short. */
bool sl_message_list_finish(struct sl_message_list *list);

#endif

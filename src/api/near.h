/* Messages that a filter nearly lets through, each with a sentence that says by what it misses: so
 * that who expected others sees why these are none of them. */
#ifndef SOCKLENS_API_NEAR_H
#define SOCKLENS_API_NEAR_H

#include "socklens/history.h"
#include "socklens/query.h"

/* So many of the newest are looked at. */
#define SL_NEAR_MESSAGES 1000

struct sl_near {
    const struct sl_query *query; /* its words stand in the sentences; NULL: not begun */
    const struct sl_filter *filter;
    struct sl_history_walk walk;
    unsigned looked, found;
    struct sl_problem problem; /* whose `near` is filled */
};

/* Query and filter must outlive it, which must not move. */
void sl_near_begin(struct sl_near *near, const struct sl_query *query,
                   const struct sl_filter *filter);

/* A step of the search; false where it is over. */
bool sl_near_search(struct sl_near *near, struct sl_history *history);

#endif

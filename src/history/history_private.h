#ifndef SOCKLENS_HISTORY_HISTORY_PRIVATE_H
#define SOCKLENS_HISTORY_HISTORY_PRIVATE_H

#include "socklens/history.h"

bool sl_history_wants(const struct sl_history_walk *walk, const struct sl_record *record);
bool sl_history_tell_gap(struct sl_history *history, const struct sl_history_walk *walk,
                         uint64_t from, uint64_t to);

/* Walk in the store, from the walk's place to `to`, within the budget: CUT or STOPPED. Forwards,
 * the store begins about at `store_from`, and what cannot be read is missing up to `missing_to`. */
enum sl_history_step sl_history_store_forward(struct sl_history *history,
                                              struct sl_history_walk *walk, uint64_t store_from,
                                              uint64_t to, uint64_t missing_to,
                                              struct sl_budget *budget);
/* Who came or went before the exchange at the walk's place, where the journal begins: the store may
 * know of some, of this run or the one before, that the journal does not. */
enum sl_history_step sl_history_store_seam(struct sl_history *history, struct sl_history_walk *walk,
                                           struct sl_budget *budget);
enum sl_history_step sl_history_store_backward(struct sl_history *history,
                                               struct sl_history_walk *walk, uint64_t to,
                                               struct sl_budget *budget);

#endif

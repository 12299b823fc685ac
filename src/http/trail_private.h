#ifndef SOCKLENS_HTTP_TRAIL_PRIVATE_H
#define SOCKLENS_HTTP_TRAIL_PRIVATE_H

#include "http/trail.h"

bool sl_trail_wants(const struct sl_trail_walk *walk, const struct sl_record *record);
bool sl_trail_tell_gap(struct sl_trail *trail, const struct sl_trail_walk *walk, uint64_t from,
                       uint64_t to);

/* Walk in the store, from the walk's place to `to`, within the budget: CUT or STOPPED. Forwards,
 * the store begins about at `store_from`, and what cannot be read is missing up to `missing_to`. */
enum sl_walked sl_trail_store_forward(struct sl_trail *trail, struct sl_trail_walk *walk,
                                      uint64_t store_from, uint64_t to, uint64_t missing_to,
                                      struct sl_budget *budget);
/* Who came or went before the exchange at the walk's place, where the journal begins: the store may
 * know of some, of this run or the one before, that the journal does not. */
enum sl_walked sl_trail_store_seam(struct sl_trail *trail, struct sl_trail_walk *walk,
                                   struct sl_budget *budget);
enum sl_walked sl_trail_store_backward(struct sl_trail *trail, struct sl_trail_walk *walk,
                                       uint64_t to, struct sl_budget *budget);

#endif

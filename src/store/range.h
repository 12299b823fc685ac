/* The reading side of the block index: which sequence numbers a search has to look at. */
#ifndef SOCKLENS_STORE_RANGE_H
#define SOCKLENS_STORE_RANGE_H

#include <stdbool.h>

#include "socklens/filter.h"
#include "store/database.h"

/* Sequence numbers, inclusive. */
struct sl_range {
    int64_t low, high;
};

struct sl_range_finder {
    sqlite3_stmt *forward, *backward; /* NULL: a file without a block index */
};

/* For a file that has a block index. SQLite's code. */
int sl_range_init(struct sl_range_finder *finder, sqlite3 *db);
void sl_range_deinit(struct sl_range_finder *finder);

/* Narrows `range` to the part of it that comes first, going forwards or backwards, and may have
 * what `filter` asks for. False where none may, or with *code set after an error. One call looks at
 * a bounded number of blocks, which takes a millisecond or two at most. */
bool sl_range_find(const struct sl_range_finder *finder, const struct sl_filter *filter,
                   bool backward, struct sl_range *range, int *code);

#endif

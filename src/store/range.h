/* The reading side of spans: the next stretch of messages that a search has to look at. */
#ifndef STORE_STRETCH_H
#define STORE_STRETCH_H

#include <stdbool.h>

#include "socklens/filter.h"
#include "store/database.h"

/* Sequence numbers, inclusive. */
struct sl_stretch {
    int64_t low, high;
};

struct sl_stretch_finder {
    sqlite3_stmt *forward, *backward; /* NULL: a file without spans */
};

/* For a file that has spans. SQLite's code. */
int sl_stretch_init(struct sl_stretch_finder *finder, sqlite3 *db);
void sl_stretch_deinit(struct sl_stretch_finder *finder);

/* Makes `stretch` shorter: to the part of it that comes first, going forwards or backwards, and may
 * have what `filter` asks for. False where none may, or with *code set after an error. It looks at
 * so many spans in one call that this takes a millisecond or two at most. */
bool sl_stretch_find(const struct sl_stretch_finder *finder, const struct sl_filter *filter,
                     bool backward, struct sl_stretch *stretch, int *code);

#endif

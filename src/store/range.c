/* Skips blocks of rows that no message of a search can be in.
 *
 * The index has one summary for each block: range of times, services, outcomes, largest size,
 * clients. Where a summary excludes the filter, the block is passed over without reading its
 * rows. Rows outside of all blocks are searched. */
#include "store/range.h"

#include <stdlib.h>

/* Passed over in one call. */
#define BLOCKS_MAX 1024

#define COLUMNS                                                                                    \
    "first_seq, last_seq, earliest, latest, services, outcomes, largest, lowest_client, "          \
    "highest_client, clients"

static const char forward_sql[] =
    "SELECT " COLUMNS " FROM spans WHERE last_seq >= ?1 ORDER BY last_seq";

/* Blocks do not overlap, so the order of their ends is that of their beginnings. */
static const char backward_sql[] =
    "SELECT " COLUMNS
    " FROM spans WHERE last_seq <= coalesce("
    "(SELECT CASE WHEN first_seq <= ?1 THEN last_seq END FROM "
    "(SELECT first_seq, last_seq FROM spans WHERE last_seq >= ?1 ORDER BY last_seq LIMIT 1)), "
    "?1) ORDER BY last_seq DESC";

int sl_range_init(struct sl_range_finder *finder, sqlite3 *db)
{
    int code = sl_database_prepare(db, forward_sql, &finder->forward);

    return code == SQLITE_OK ? sl_database_prepare(db, backward_sql, &finder->backward) : code;
}

void sl_range_deinit(struct sl_range_finder *finder)
{
    sqlite3_finalize(finder->forward);
    sqlite3_finalize(finder->backward);
    *finder = (struct sl_range_finder){0};
}

static bool block_has_client(sqlite3_stmt *block, uint64_t client)
{
    const char *text = (const char *)sqlite3_column_text(block, 9);
    char *end;

    if (client < (uint64_t)sqlite3_column_int64(block, 7) ||
        client > (uint64_t)sqlite3_column_int64(block, 8))
        return false;
    if (!text)
        return true;
    for (; *text; text = *end ? end + 1 : end) {
        if (strtoull(text, &end, 10) == client)
            return true;
    }
    return false;
}

static bool block_may_match(sqlite3_stmt *block, const struct sl_filter *filter)
{
    if (filter->since_ns && sqlite3_column_int64(block, 3) < filter->since_ns)
        return false;
    if (filter->until_ns && sqlite3_column_int64(block, 2) >= filter->until_ns)
        return false;
    if (!(sl_filter_bits(filter->services, filter->services_not) &
          (uint32_t)sqlite3_column_int64(block, 4)))
        return false;
    if (!(sl_filter_bits(filter->outcomes, filter->outcomes_not) &
          (uint32_t)sqlite3_column_int64(block, 5)))
        return false;
    if ((uint64_t)sqlite3_column_int64(block, 6) < sl_filter_min_size(filter))
        return false;
    for (unsigned i = 0; i < filter->only.client_count; i++) {
        if (block_has_client(block, filter->only.clients[i]))
            return true;
    }
    return filter->only.client_count == 0;
}

static bool filter_can_narrow(const struct sl_filter *filter)
{
    return filter && (filter->since_ns || filter->until_ns || filter->services ||
                      filter->services_not || filter->outcomes || filter->outcomes_not ||
                      sl_filter_min_size(filter) || filter->only.client_count);
}

/* Narrows the remaining range to this block; true if its first part must be searched. */
static bool range_narrow_forward(sqlite3_stmt *block, bool matches, struct sl_range *rest)
{
    int64_t first = sqlite3_column_int64(block, 0), last = sqlite3_column_int64(block, 1);
    int64_t end = first > rest->low ? first - 1 : last; /* outside of all blocks: looked at */

    if (first <= rest->low && !matches) {
        rest->low = last + 1;
        return rest->low > rest->high;
    }
    if (end < rest->high)
        rest->high = end;
    return true;
}

static bool range_narrow_backward(sqlite3_stmt *block, bool matches, struct sl_range *rest)
{
    int64_t first = sqlite3_column_int64(block, 0), last = sqlite3_column_int64(block, 1);
    int64_t end = last < rest->high ? last + 1 : first;

    if (last >= rest->high && !matches) {
        rest->high = first - 1;
        return rest->high < rest->low;
    }
    if (end > rest->low)
        rest->low = end;
    return true;
}

bool sl_range_find(const struct sl_range_finder *finder, const struct sl_filter *filter,
                   bool backward, struct sl_range *range, int *code)
{
    sqlite3_stmt *block = backward ? finder->backward : finder->forward;
    int step = SQLITE_DONE;

    *code = SQLITE_OK;
    if (range->low > range->high || !block || !filter_can_narrow(filter))
        return range->low <= range->high;
    sqlite3_bind_int64(block, 1, backward ? range->high : range->low);
    for (int i = 0; i < BLOCKS_MAX && (step = sqlite3_step(block)) == SQLITE_ROW; i++) {
        bool matches = block_may_match(block, filter);

        if (backward ? range_narrow_backward(block, matches, range)
                     : range_narrow_forward(block, matches, range))
            break;
    }
    sqlite3_reset(block);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        *code = step;
    return *code == SQLITE_OK && range->low <= range->high;
}

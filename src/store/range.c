#include "store/range.h"

#include <stdlib.h>

/* Passed over in one call. */
#define SPANS_MAX 1024

#define COLUMNS                                                                                    \
    "first_seq, last_seq, earliest, latest, services, outcomes, largest, lowest_client, "          \
    "highest_client, clients"

static const char forward_sql[] =
    "SELECT " COLUMNS " FROM spans WHERE last_seq >= ?1 ORDER BY last_seq";

/* Spans do not overlap, so the order of their ends is that of their beginnings. */
static const char backward_sql[] =
    "SELECT " COLUMNS
    " FROM spans WHERE last_seq <= coalesce("
    "(SELECT CASE WHEN first_seq <= ?1 THEN last_seq END FROM "
    "(SELECT first_seq, last_seq FROM spans WHERE last_seq >= ?1 ORDER BY last_seq LIMIT 1)), "
    "?1) ORDER BY last_seq DESC";

int sl_stretch_init(struct sl_stretch_finder *finder, sqlite3 *db)
{
    int code = sl_database_prepare(db, forward_sql, &finder->forward);

    return code == SQLITE_OK ? sl_database_prepare(db, backward_sql, &finder->backward) : code;
}

void sl_stretch_deinit(struct sl_stretch_finder *finder)
{
    sqlite3_finalize(finder->forward);
    sqlite3_finalize(finder->backward);
    *finder = (struct sl_stretch_finder){0};
}

static bool has_client(sqlite3_stmt *span, uint64_t client)
{
    const char *text = (const char *)sqlite3_column_text(span, 9);
    char *end;

    if (client < (uint64_t)sqlite3_column_int64(span, 7) ||
        client > (uint64_t)sqlite3_column_int64(span, 8))
        return false;
    if (!text)
        return true;
    for (; *text; text = *end ? end + 1 : end) {
        if (strtoull(text, &end, 10) == client)
            return true;
    }
    return false;
}

static bool has_any_client(sqlite3_stmt *span, const struct sl_filter_peers *only)
{
    for (unsigned i = 0; i < only->client_count; i++) {
        if (has_client(span, only->clients[i]))
            return true;
    }
    return only->client_count == 0;
}

static bool may_match(sqlite3_stmt *span, const struct sl_filter *filter)
{
    if (filter->since_ns && sqlite3_column_int64(span, 3) < filter->since_ns)
        return false;
    if (filter->until_ns && sqlite3_column_int64(span, 2) >= filter->until_ns)
        return false;
    if (filter->services && !(filter->services & (uint32_t)sqlite3_column_int64(span, 4)))
        return false;
    if (filter->outcomes && !(filter->outcomes & (uint32_t)sqlite3_column_int64(span, 5)))
        return false;
    if ((uint64_t)sqlite3_column_int64(span, 6) < sl_filter_min_size(filter))
        return false;
    return has_any_client(span, &filter->only);
}

static bool asks_enough(const struct sl_filter *filter)
{
    return filter && (filter->since_ns || filter->until_ns || filter->services ||
                      filter->outcomes || sl_filter_min_size(filter) || filter->only.client_count);
}

/* Cuts `rest`, of which the head is left, at this span; true where its head is to be looked at. */
static bool stops_forward(sqlite3_stmt *span, bool matches, struct sl_stretch *rest)
{
    int64_t first = sqlite3_column_int64(span, 0), last = sqlite3_column_int64(span, 1);
    int64_t end = first > rest->low ? first - 1 : last; /* what no span has is looked at */

    if (first <= rest->low && !matches) {
        rest->low = last + 1;
        return rest->low > rest->high;
    }
    if (end < rest->high)
        rest->high = end;
    return true;
}

static bool stops_backward(sqlite3_stmt *span, bool matches, struct sl_stretch *rest)
{
    int64_t first = sqlite3_column_int64(span, 0), last = sqlite3_column_int64(span, 1);
    int64_t end = last < rest->high ? last + 1 : first;

    if (last >= rest->high && !matches) {
        rest->high = first - 1;
        return rest->high < rest->low;
    }
    if (end > rest->low)
        rest->low = end;
    return true;
}

bool sl_stretch_find(const struct sl_stretch_finder *finder, const struct sl_filter *filter,
                     bool backward, struct sl_stretch *stretch, int *code)
{
    sqlite3_stmt *span = backward ? finder->backward : finder->forward;
    int step = SQLITE_DONE;

    *code = SQLITE_OK;
    if (stretch->low > stretch->high || !span || !asks_enough(filter))
        return stretch->low <= stretch->high;
    sqlite3_bind_int64(span, 1, backward ? stretch->high : stretch->low);
    for (int i = 0; i < SPANS_MAX && (step = sqlite3_step(span)) == SQLITE_ROW; i++) {
        bool matches = may_match(span, filter);

        if (backward ? stops_backward(span, matches, stretch)
                     : stops_forward(span, matches, stretch))
            break;
    }
    sqlite3_reset(span);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        *code = step;
    return *code == SQLITE_OK && stretch->low <= stretch->high;
}

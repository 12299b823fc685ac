/* What a search has found, step by step. */
#ifndef STORE_FOUND_H
#define STORE_FOUND_H

#include "store_room.h"

#define FOUND_MAX 4096

/* What a search has given, as a line each. */
struct found {
    struct room *room;
    uint64_t seqs[FOUND_MAX];
    size_t count, stop_after;
    struct sl_record *last;
    char listener[128];
    struct sl_buffer text; /* "opened 1", "gap 3-4", "message 5" */
};

static inline bool take(void *context, const struct sl_record *record, const char *listener)
{
    static const char *const kinds[] = {"message", "opened", "closed"};
    struct found *found = context;

    assert_true(found->count < FOUND_MAX);
    found->seqs[found->count++] = record->seq;
    free(found->last);
    found->last = malloc(record->size);
    memcpy(found->last, record, record->size);
    strcpy(found->listener, listener);
    sl_buffer_printf(
        &found->text, "%s %u,", kinds[record->kind],
        (unsigned)(record->kind == SL_RECORD_EXCHANGE ? record->seq : record->exchange.client));
    return found->count != found->stop_after;
}

static inline bool take_gap(void *context, const struct sl_gap *gap)
{
    struct found *found = context;

    sl_buffer_printf(&found->text, "gap %u-%u,", (unsigned)gap->from, (unsigned)gap->to);
    return true;
}

static inline void forget(struct found *found)
{
    free(found->last);
    sl_buffer_deinit(&found->text);
    *found = (struct found){0};
}

/* All steps of a search; the number of them. */
static inline int search_all(struct room *room, struct sl_store_search search, struct found *found)
{
    struct sl_store_place next;
    int steps = 0, result;

    search.visit = take;
    search.context = found;
    if (search.scan_max == 0)
        search.scan_max = 1000;
    do {
        result = sl_store_search(room_reader(room), &search, &next);
        assert_in_range(result, 0, 1);
        search.from = next;
        steps++;
    } while (result == 0 && steps < 100000);
    return steps;
}

#endif

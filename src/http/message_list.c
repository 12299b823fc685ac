#include "http/message_list.h"

#include <inttypes.h>
#include <stdio.h>

#include "http/budget.h"
#include "http/client_json.h"
#include "http/filter_params.h"
#include "socklens/clock.h"
#include "socklens/message_json.h"

/* --- from the query --- */

/* "b17": newest first, below 17. "a17": oldest first, after 17. */
static unsigned read_cursor(struct sl_message_list *list, const struct sl_query *query,
                            struct sl_problem *problem)
{
    const char *cursor = sl_query_get(query, "cursor");
    uint64_t seq;

    if (!cursor)
        return 0;
    if ((cursor[0] != 'a' && cursor[0] != 'b') || !sl_parse_uint(cursor + 1, &seq) ||
        seq == UINT64_MAX || (cursor[0] == 'b' && list->oldest_first))
        return sl_page_bad_cursor(cursor, problem);
    list->oldest_first = cursor[0] == 'a';
    list->place = list->oldest_first ? seq + 1 : seq;
    return 0;
}

static unsigned read_after(struct sl_message_list *list, const struct sl_query *query,
                           struct sl_problem *problem)
{
    uint64_t after = 0;
    unsigned status = sl_query_uint(query, "after", 0, INT64_MAX, &after, problem);

    list->place = UINT64_MAX;
    if (status || !sl_query_get(query, "after"))
        return status;
    list->oldest_first = true;
    list->place = after + 1;
    return 0;
}

static unsigned read_wait(struct sl_message_list *list, const struct sl_query *query,
                          struct sl_problem *problem)
{
    const char *wait = sl_query_get(query, "wait");

    list->min = 1;
    if (!wait && sl_query_get(query, "min"))
        return sl_problem_set(problem, 400, "min", "together with wait", "min needs wait");
    if (!wait)
        return 0;
    if (sl_query_get(query, "cursor"))
        return sl_problem_set(problem, 400, "wait", "with after, or without cursor",
                              "wait does not go with cursor");
    if (!sl_duration_parse(wait, &list->wait_ns) || list->wait_ns > SL_WAIT_MAX_NS)
        return sl_problem_set(problem, 400, "wait", "0 to 60s, as in 500ms or 5s",
                              "wait must be a duration of at most 60s, not \"%s\"",
                              sl_quote(wait).text);
    list->wait_place = list->oldest_first ? list->place : 0;
    return sl_query_uint(query, "min", 1, 1000000, &list->min, problem);
}

unsigned sl_message_list_from_query(struct sl_message_list *list, const struct sl_query *query,
                                    struct sl_problem *problem)
{
    unsigned status;

    *list = (struct sl_message_list){0};
    status = sl_filter_from_query(query, &list->filter, problem);
    if (!status)
        status = sl_page_limit(query, &list->limit, problem);
    if (!status)
        status = read_after(list, query, problem);
    if (!status)
        status = read_cursor(list, query, problem);
    if (!status)
        status = read_wait(list, query, problem);
    return status;
}

void sl_message_list_deinit(struct sl_message_list *list)
{
    sl_filter_deinit(&list->filter);
    sl_buffer_deinit(&list->body);
}

/* --- the wait --- */

enum sl_progress sl_message_list_count(struct sl_message_list *list, struct sl_journal *journal)
{
    struct sl_budget budget = sl_budget_begin();
    enum sl_progress progress = SL_PROGRESS_CUT;
    struct sl_cursor cursor = {0};
    const struct sl_record *record;
    struct sl_gap gap;

    sl_cursor_seek(&cursor, journal, list->wait_place);
    while (list->waited < list->min && sl_budget_take(&budget)) {
        enum sl_read read = sl_cursor_next(&cursor, &record, &gap);

        if (read == SL_READ_END) {
            progress = SL_PROGRESS_SHORT;
            break;
        }
        if (read == SL_READ_RECORD && sl_filter_match(&list->filter, record))
            list->waited++;
    }
    list->wait_place = cursor.next_seq;
    sl_cursor_close(&cursor);
    return list->waited >= list->min ? SL_PROGRESS_DONE : progress;
}

/* --- the page --- */

/* False where the page is full: the record belongs to the next. */
static bool add(struct sl_message_list *list, const struct sl_record *record,
                const struct sl_registry *registry)
{
    if (list->count == list->limit || list->body.size > SL_PAGE_BYTES_MAX) {
        list->has_more = true;
        return false;
    }
    sl_message_json(&list->json, record, sl_listener_name(registry, record->listener));
    list->count++;
    list->last_seq = record->seq;
    return !list->json.failed;
}

/* What is missing in front of the page's first message is told with it; what is missing behind it
 * begins the next page. */
static bool add_gap(struct sl_message_list *list, const struct sl_gap *gap)
{
    if (list->count > 0) {
        list->has_more = true;
        return false;
    }
    if (list->gap.from == 0)
        list->gap.from = gap->from;
    list->gap.to = gap->to;
    return true;
}

static enum sl_read read_one(struct sl_message_list *list, struct sl_cursor *cursor,
                             const struct sl_record **record, struct sl_gap *gap)
{
    if (list->oldest_first)
        return sl_cursor_next(cursor, record, gap);
    return sl_cursor_previous(cursor, record);
}

static enum sl_progress fill(struct sl_message_list *list, struct sl_cursor *cursor,
                             const struct sl_registry *registry)
{
    struct sl_budget budget = sl_budget_begin();
    const struct sl_record *record = NULL;
    struct sl_gap gap = {0};

    while (sl_budget_take(&budget)) {
        switch (read_one(list, cursor, &record, &gap)) {
        case SL_READ_END:
            return SL_PROGRESS_DONE;
        case SL_READ_GAP:
            if (!add_gap(list, &gap))
                return SL_PROGRESS_DONE;
            break;
        case SL_READ_RECORD:
            if (sl_filter_match(&list->filter, record) && !add(list, record, registry))
                return SL_PROGRESS_DONE;
            break;
        }
    }
    return SL_PROGRESS_CUT;
}

enum sl_progress sl_message_list_fill(struct sl_message_list *list, struct sl_journal *journal,
                                      const struct sl_registry *registry)
{
    struct sl_cursor cursor = {0};
    enum sl_progress progress;

    if (!list->begun) {
        list->begun = true;
        sl_json_init(&list->json, &list->body);
        sl_json_open_object(&list->json);
        sl_json_key(&list->json, "items");
        sl_json_open_array(&list->json);
    }
    sl_cursor_seek(&cursor, journal, list->place);
    progress = fill(list, &cursor, registry);
    list->place = cursor.next_seq;
    sl_cursor_close(&cursor);
    return progress;
}

bool sl_message_list_finish(struct sl_message_list *list)
{
    char next[32];

    snprintf(next, sizeof(next), "%c%" PRIu64, list->oldest_first ? 'a' : 'b', list->last_seq);
    sl_json_close_array(&list->json);
    sl_page_json(&list->json, list->limit, list->has_more ? next : NULL);
    if (list->gap.from) {
        sl_json_key(&list->json, "gap");
        sl_json_open_object(&list->json);
        sl_json_key(&list->json, "from");
        sl_json_uint(&list->json, list->gap.from);
        sl_json_key(&list->json, "to");
        sl_json_uint(&list->json, list->gap.to);
        sl_json_key(&list->json, "reason");
        sl_json_string(&list->json, "evicted");
        sl_json_close_object(&list->json);
    }
    sl_json_close_object(&list->json);
    return !list->json.failed;
}

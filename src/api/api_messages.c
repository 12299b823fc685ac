/* Pages of messages: cursor, wait, search and JSON, in steps within a budget. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_messages.h"
#include "api/near.h"
#include "api/page.h"
#include "api/state.h"
#include "socklens/clock.h"
#include "socklens/message_json.h"

#define MESSAGE_SIZE_GUESS 512

/* --- from the query --- */

#define CURSOR_RUN_DIGITS 8

/* Behind the number stands the beginning of the run's identity that has given it. */
static bool split_cursor(const char *cursor, char number[24], char run[SL_RUN_SIZE])
{
    size_t size = strcspn(cursor, ".");
    const char *behind = cursor[size] ? cursor + size + 1 : NULL;

    if (size >= 24 || (behind && (strlen(behind) != CURSOR_RUN_DIGITS ||
                                  strspn(behind, "0123456789abcdef") != CURSOR_RUN_DIGITS)))
        return false;
    memcpy(number, cursor, size);
    number[size] = '\0';
    snprintf(run, SL_RUN_SIZE, "%s", behind ? behind : "");
    return true;
}

/* "b17.43fea28d": newest first, below 17. "a17.43fea28d": oldest first, after 17. */
static unsigned read_cursor(struct sl_message_list *list, struct sl_problem *problem)
{
    const char *cursor = list->asked.cursor;
    char number[24];
    uint64_t seq;

    if (!cursor)
        return 0;
    if (!split_cursor(cursor, number, list->cursor_run) || (number[0] != 'a' && number[0] != 'b') ||
        !sl_parse_uint(number + 1, &seq) || seq == UINT64_MAX ||
        (cursor[0] == 'b' && list->oldest_first))
        return sl_page_bad_cursor(cursor, problem);
    list->oldest_first = cursor[0] == 'a';
    list->by_cursor = true;
    list->place = list->oldest_first ? seq + 1 : seq;
    return 0;
}

static void begin_after(struct sl_message_list *list)
{
    list->oldest_first = list->asked.filter.has_after;
    list->place = list->oldest_first ? list->asked.filter.after_seq + 1 : UINT64_MAX;
}

static unsigned check_wait(struct sl_message_list *list, struct sl_problem *problem)
{
    struct sl_messages_params *asked = &list->asked;

    if (asked->wait < 0 && asked->min > 0 && !list->expects)
        return sl_problem_set(problem, 400, "min", "together with wait", "min needs wait");
    if (asked->wait >= 0 && asked->cursor)
        return sl_problem_set(problem, 400, "wait", "with after, or without cursor",
                              "wait does not go with cursor");
    if (asked->min == 0 && !list->expects)
        asked->min = 1;
    return 0;
}

static bool has_max(const struct sl_message_list *list)
{
    return list->asked.max != UINT64_MAX;
}

/* The combinations that say nothing, or what cannot come true. */
static unsigned check_expectation(struct sl_message_list *list, struct sl_problem *problem)
{
    const struct sl_messages_params *asked = &list->asked;

    list->expects = has_max(list) || asked->quiet >= 0 || asked->strict;
    if (!list->expects)
        return 0;
    if (asked->min == 0 && !has_max(list))
        return sl_problem_set(problem, 400, asked->strict ? "strict" : "quiet",
                              "together with min or max",
                              "nothing is expected: min or max says it");
    if (asked->min > asked->max)
        return sl_problem_set(problem, 400, "max", "min or more",
                              "max is below min, %" PRIu64 " and %" PRIu64, asked->max, asked->min);
    if (asked->quiet >= 0 && asked->wait <= 0)
        return sl_problem_set(problem, 400, "quiet", "together with wait", "quiet needs wait");
    if (asked->quiet > asked->wait && asked->quiet >= 0)
        return sl_problem_set(problem, 400, "quiet", "at most wait", "quiet is longer than wait");
    if (asked->cursor)
        return sl_problem_set(problem, 400, "cursor", "after",
                              "what is expected is counted from after on, not from a cursor");
    return 0;
}

unsigned sl_message_list_from_query(struct sl_message_list *list, const struct sl_query *query,
                                    struct sl_problem *problem)
{
    unsigned status;

    *list = (struct sl_message_list){.asked = {.wait = -1, .quiet = -1, .max = UINT64_MAX}};
    status = sl_query_read(query, &list->asked, problem);
    begin_after(list);
    if (!status)
        status = read_cursor(list, problem);
    if (!status)
        status = check_expectation(list, problem);
    if (!status)
        status = check_wait(list, problem);
    return status;
}

void sl_message_list_deinit(struct sl_message_list *list)
{
    sl_filter_deinit(&list->asked.filter);
    sl_buffer_deinit(&list->body);
}

unsigned sl_message_list_check(const struct sl_message_list *list, struct sl_history *history,
                               struct sl_problem *problem)
{
    uint64_t oldest, newest;

    if (!list->by_cursor)
        return 0;
    sl_history_bounds(history, &oldest, &newest);
    if (*list->cursor_run &&
        !sl_history_has_run(history, list->cursor_run, list->place - list->oldest_first))
        return sl_problem_set(problem, 410, "cursor", NULL,
                              "this cursor is of run %s, which this log does not go on from",
                              list->cursor_run);
    if (list->oldest_first ? list->place >= oldest : list->place > oldest || oldest == 1)
        return 0;
    sl_problem_set(problem, 410, "cursor", NULL,
                   "the cursor has expired; the oldest message is %" PRIu64, oldest);
    problem->oldest_seq = oldest;
    return 410;
}

/* --- the wait --- */

/* How many are enough to know. */
static uint64_t count_end(const struct sl_message_list *list)
{
    if (has_max(list))
        return list->asked.max + 1;
    return list->asked.quiet >= 0 ? UINT64_MAX : list->asked.min;
}

static bool count_record(void *context, const struct sl_record *record, const char *listener)
{
    struct sl_message_list *list = context;

    (void)listener;
    if (list->waited == 0)
        list->first_seq = record->seq;
    return ++list->waited < count_end(list);
}

static bool note_gap(void *context, const struct sl_gap *gap, const char *reason)
{
    struct sl_message_list *list = context;

    (void)gap;
    list->met_gap = true;
    list->has_lost |= strcmp(reason, "cleared") != 0;
    return true;
}

/* Counts all that there is, as far back as it goes, where nothing says after what. */
static void begin_count(struct sl_message_list *list, struct sl_history *history)
{
    uint64_t place = list->place, newest;

    if (!list->oldest_first)
        sl_history_bounds(history, &place, &newest);
    list->wait_walk = (struct sl_history_walk){.filter = &list->asked.filter,
                                               .place = {.seq = place},
                                               .record = count_record,
                                               .gap = note_gap,
                                               .context = list};
}

enum sl_progress sl_message_list_count(struct sl_message_list *list, struct sl_history *history)
{
    struct sl_budget budget = sl_history_budget(history);
    uint64_t before = list->waited;
    enum sl_history_step walked;

    if (!list->wait_walk.record)
        begin_count(list, history);
    walked = sl_history_read(history, &list->wait_walk, &budget);
    if (list->waited > before)
        list->last_match_ns = sl_clock_mono_ns();
    switch (walked) {
    case SL_HISTORY_CUT:
        return SL_PROGRESS_CUT;
    case SL_HISTORY_BEHIND:
        return SL_PROGRESS_RETRY;
    case SL_HISTORY_END:
        return SL_PROGRESS_SHORT;
    case SL_HISTORY_STOPPED:
        break;
    }
    return SL_PROGRESS_DONE;
}

/* At most so many is only known of all. */
bool sl_message_list_is_met(const struct sl_message_list *list)
{
    return list->waited >= list->asked.min &&
           (!has_max(list) ||
            (list->waited <= list->asked.max && list->settled && !list->has_lost));
}

static void write_expected(const struct sl_message_list *list, char text[96])
{
    uint64_t min = list->asked.min, max = list->asked.max;

    if (max == 0)
        snprintf(text, 96, "no message");
    else if (min == max)
        snprintf(text, 96, "%" PRIu64 " messages", min);
    else if (!has_max(list))
        snprintf(text, 96, "at least %" PRIu64, min);
    else if (min == 0)
        snprintf(text, 96, "at most %" PRIu64, max);
    else
        snprintf(text, 96, "%" PRIu64 " to %" PRIu64 " messages", min, max);
}

void sl_message_list_blame(const struct sl_message_list *list, struct sl_problem *problem)
{
    bool too_many = list->waited > list->asked.max;
    const char *why = "";
    char expected[96];

    write_expected(list, expected);
    if (!too_many && list->has_lost)
        why = "; older ones are no longer held";
    else if (!too_many && !list->settled)
        why = "; the wait was cut short";
    sl_problem_set(problem, 409, NULL, NULL, "expected %s, found %" PRIu64 "%s%s", expected,
                   list->waited, too_many ? " or more" : "", why);
}

/* --- the page --- */

/* False where the page is full: the record belongs to the next. */
static bool add(void *context, const struct sl_record *record, const char *listener)
{
    struct sl_message_list *list = context;

    if (list->count == list->asked.limit || list->body.size > SL_PAGE_BYTES_MAX) {
        list->has_more = true;
        return false;
    }
    sl_message_json(&list->json, record, listener);
    list->count++;
    list->resume_seq = record->seq;
    return !list->json.failed;
}

/* What is missing in front of the page's first message is told with it; what is missing behind it
 * begins the next page. */
static bool add_gap(void *context, const struct sl_gap *gap, const char *reason)
{
    struct sl_message_list *list = context;
    bool first = list->gap.from == 0, joins;

    joins = first ||
            (list->gap_reason == reason &&
             (list->oldest_first ? gap->from == list->gap.to + 1 : gap->to + 1 == list->gap.from));
    if (list->count > 0 || !joins) {
        list->has_more = true;
        return false;
    }
    if (first || !list->oldest_first)
        list->gap.from = gap->from;
    if (first || list->oldest_first)
        list->gap.to = gap->to;
    list->gap_reason = reason;
    list->resume_seq = list->oldest_first ? gap->to : gap->from;
    return true;
}

/* What the wait has gone through need not be searched again, unless the page has to tell a gap. */
static uint64_t first_place(const struct sl_message_list *list)
{
    uint64_t found = list->waited > 0 ? list->first_seq : list->wait_walk.place.seq;
    bool knows = list->oldest_first && list->wait_walk.record && !list->met_gap;

    return knows && found > list->place ? found : list->place;
}

static void begin_page(struct sl_message_list *list)
{
    list->until_ns = sl_clock_mono_ns() + SL_SEARCH_NS;
    list->walk = (struct sl_history_walk){.filter = &list->asked.filter,
                                          .backward = !list->oldest_first,
                                          .place = {.seq = first_place(list)},
                                          .record = add,
                                          .gap = add_gap,
                                          .context = list};
    sl_buffer_reserve(&list->body, list->asked.limit * MESSAGE_SIZE_GUESS); /* or as it grows */
    sl_json_init(&list->json, &list->body);
    sl_json_open_object(&list->json);
    sl_json_key(&list->json, "items");
    sl_json_open_array(&list->json);
}

/* A page ends here though more may match. Its first message may still be far. */
static enum sl_progress give_up(struct sl_message_list *list)
{
    list->has_more = true;
    list->resume_seq = list->walk.place.seq - list->oldest_first;
    return SL_PROGRESS_DONE;
}

enum sl_progress sl_message_list_fill(struct sl_message_list *list, struct sl_history *history)
{
    struct sl_budget budget = sl_history_budget(history);
    enum sl_history_step walked;

    list->run = history->run;
    if (list->until_ns == 0)
        begin_page(list);
    walked = sl_history_read(history, &list->walk, &budget);
    if (walked == SL_HISTORY_STOPPED || walked == SL_HISTORY_END)
        return SL_PROGRESS_DONE;
    if (sl_clock_mono_ns() >= list->until_ns)
        return give_up(list);
    return walked == SL_HISTORY_BEHIND ? SL_PROGRESS_RETRY : SL_PROGRESS_CUT;
}

static void write_expect(struct sl_message_list *list)
{
    sl_json_key(&list->json, "expect");
    sl_json_open_object(&list->json);
    if (list->asked.min) {
        sl_json_key(&list->json, "min");
        sl_json_uint(&list->json, list->asked.min);
    }
    if (has_max(list)) {
        sl_json_key(&list->json, "max");
        sl_json_uint(&list->json, list->asked.max);
    }
    sl_json_key(&list->json, "found");
    sl_json_uint(&list->json, list->waited);
    sl_json_key(&list->json, "met");
    sl_json_bool(&list->json, sl_message_list_is_met(list));
    sl_json_close_object(&list->json);
}

static void write_gap(struct sl_message_list *list)
{
    sl_json_key(&list->json, "gap");
    sl_json_open_object(&list->json);
    sl_json_key(&list->json, "from");
    sl_json_uint(&list->json, list->gap.from);
    sl_json_key(&list->json, "to");
    sl_json_uint(&list->json, list->gap.to);
    sl_json_key(&list->json, "reason");
    sl_json_string(&list->json, list->gap_reason);
    sl_json_close_object(&list->json);
}

/* A page can end with fewer than were waited for although they are there. */
static bool has_timed_out(const struct sl_message_list *list)
{
    if (list->expects)
        return list->waited < list->asked.min;
    return list->count < list->asked.min &&
           (list->asked.wait > 0 ? list->waited < list->asked.min : !list->has_more);
}

bool sl_message_list_finish(struct sl_message_list *list)
{
    char next[48];

    snprintf(next, sizeof(next), "%c%" PRIu64 "%s%.*s", list->oldest_first ? 'a' : 'b',
             list->resume_seq, list->run ? "." : "", CURSOR_RUN_DIGITS, list->run ? list->run : "");
    sl_json_close_array(&list->json);
    sl_page_json(&list->json, list->asked.limit, list->has_more ? next : NULL);
    if (list->asked.wait >= 0) {
        sl_json_key(&list->json, "timed_out");
        sl_json_bool(&list->json, has_timed_out(list));
    }
    if (list->expects)
        write_expect(list);
    if (list->gap.from)
        write_gap(list);
    sl_json_close_object(&list->json);
    return !list->json.failed;
}

/* What a request for messages keeps between its steps. */
struct pending {
    struct sl_message_list list;
    struct sl_near near; /* begun: what was expected has not come true */
    bool waiting;
    int64_t began_ns, until_ns; /* monotonic: the wait */
};

static void free_pending(void *state)
{
    struct pending *pending = state;

    sl_message_list_deinit(&pending->list);
    free(pending);
}

static void begin_wait(struct sl_request *request, struct pending *pending)
{
    pending->waiting = true;
    request->waiter.wants = SL_DUE_MESSAGES;
    pending->began_ns = pending->list.last_match_ns = sl_clock_mono_ns();
    pending->until_ns = pending->began_ns;
    if (pending->list.asked.wait > 0)
        pending->until_ns += pending->list.asked.wait;
    sl_waiters_add(sl_httpd_waiters(request->httpd), &request->waiter);
}

static bool begin(struct sl_request *request, struct sl_answer *answer)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    struct sl_problem problem = {.status = 503, .detail = "out of memory"};

    request->state = pending;
    request->free_state = free_pending;
    if (!pending || sl_message_list_from_query(&pending->list, &request->query, &problem) != 0 ||
        sl_message_list_check(&pending->list, &sl_api_of(request)->history, &problem) != 0) {
        sl_answer_problem(answer, &problem);
        return false;
    }
    if (pending->list.asked.wait > 0 || pending->list.expects)
        begin_wait(request, pending);
    return true;
}

/* What comes next is just being written to the store. */
static enum sl_step retry_later(struct sl_request *request, int64_t until_ns)
{
    int64_t now_ns = sl_clock_mono_ns();

    if (!request->waiter.added)
        sl_waiters_add(sl_httpd_waiters(request->httpd), &request->waiter);
    sl_waiters_take(sl_httpd_waiters(request->httpd), &request->waiter);
    request->waiter.deadline_ns = now_ns + SL_HISTORY_RETRY_NS;
    if (request->waiter.deadline_ns > until_ns)
        request->waiter.deadline_ns = until_ns;
    return SL_STEP_WAIT;
}

/* What is there already is counted for a second, whatever the wait. */
static int64_t wait_end(const struct pending *pending, enum sl_progress progress)
{
    const struct sl_message_list *list = &pending->list;
    int64_t until_ns = pending->until_ns, least_ns = pending->began_ns + SL_SEARCH_NS, quiet_ns;

    if (!list->expects)
        return until_ns;
    if (progress != SL_PROGRESS_SHORT)
        return until_ns > least_ns ? until_ns : least_ns;
    quiet_ns = list->last_match_ns + list->asked.quiet;
    if (list->asked.quiet >= 0 && list->waited >= list->asked.min && quiet_ns < until_ns)
        return quiet_ns;
    return until_ns;
}

/* ANSWER: the wait is over, one way or the other. */
static enum sl_step wait_step(struct sl_request *request, struct pending *pending)
{
    unsigned due = sl_waiters_take(sl_httpd_waiters(request->httpd), &request->waiter);
    enum sl_progress progress = sl_message_list_count(&pending->list, &sl_api_of(request)->history);
    int64_t until_ns = wait_end(pending, progress);
    bool in_time = sl_clock_mono_ns() < until_ns;
    /* Whoever has hung up frees the place; who has only closed its direction is answered now. */
    bool over = due & SL_DUE_STOP || !in_time ||
                sl_waiters_peer_is_gone(sl_httpd_waiters(request->httpd), &request->waiter);

    if (progress != SL_PROGRESS_DONE && !over) {
        if (progress == SL_PROGRESS_RETRY)
            return retry_later(request, until_ns);
        request->waiter.deadline_ns = until_ns;
        return progress == SL_PROGRESS_CUT ? SL_STEP_YIELD : SL_STEP_WAIT;
    }
    pending->waiting = false;
    pending->list.settled =
        progress == SL_PROGRESS_DONE || (progress == SL_PROGRESS_SHORT && !in_time);
    sl_waiters_remove(sl_httpd_waiters(request->httpd), &request->waiter);
    request->waiter.wants = 0;
    return SL_STEP_ANSWER;
}

static void finish(struct pending *pending, struct sl_answer *answer)
{
    bool complete = sl_message_list_finish(&pending->list);

    answer->body = pending->list.body;
    pending->list.body = SL_BUFFER_INIT;
    sl_answer_json(answer, !complete);
}

/* The 409 of an expectation that has not come true. */
static enum sl_step near_step(struct sl_request *request, struct pending *pending,
                              struct sl_answer *answer)
{
    struct sl_near *near = &pending->near;
    struct sl_message_list *list = &pending->list;

    if (!near->query) {
        sl_near_begin(near, &request->query, &list->asked.filter);
        sl_message_list_blame(list, &near->problem);
    }
    if (list->waited < list->asked.min && sl_near_search(near, &sl_api_of(request)->history))
        return SL_STEP_YIELD;
    sl_answer_problem(answer, &near->problem);
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_messages(struct sl_request *request, struct sl_answer *answer)
{
    struct pending *pending;
    enum sl_progress progress;
    enum sl_step step;

    if (!request->state && !begin(request, answer))
        return SL_STEP_ANSWER;
    pending = request->state;
    if (pending->waiting) {
        step = wait_step(request, pending);
        if (step != SL_STEP_ANSWER)
            return step;
    }
    if (pending->list.asked.strict && !sl_message_list_is_met(&pending->list))
        return near_step(request, pending, answer);
    progress = sl_message_list_fill(&pending->list, &sl_api_of(request)->history);
    if (!sl_request_hold(request, pending->list.body.size)) {
        sl_buffer_deinit(&pending->list.body);
        return sl_request_no_room(answer);
    }
    switch (progress) {
    case SL_PROGRESS_CUT:
        return SL_STEP_YIELD;
    case SL_PROGRESS_RETRY:
        if (!sl_httpd_is_stopping(request->httpd))
            return retry_later(request, INT64_MAX);
        break;
    default:
        break;
    }
    finish(pending, answer);
    return SL_STEP_ANSWER;
}

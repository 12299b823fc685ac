#include "api_fixture.h"
#include "params_of.h"

#include "api/api_messages.h"

static struct fixture fixture;
static struct sl_history history;
static struct sl_query query;
static struct sl_message_list list;
static struct sl_problem problem;
static uint64_t seqs[1200];
static size_t count;

static int setup(void **state)
{
    (void)state;
    fixture = fixture_new();
    sl_history_init(&history, fixture.journal, fixture.registry, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_query_deinit(&query);
    sl_message_list_deinit(&list);
    sl_history_deinit(&history);
    fixture_free(&fixture);
    return 0;
}

static unsigned ask(const char *text)
{
    sl_query_deinit(&query);
    sl_message_list_deinit(&list);
    problem = (struct sl_problem){0};
    assert_int_equal(sl_query_parse(&query, text, params_of_get("/api/v1/messages"), &problem), 0);
    return sl_message_list_from_query(&list, &query, &problem);
}

/* However many steps it takes: their time is limited, and the machine may be busy. */
static enum sl_progress count_all(void)
{
    enum sl_progress progress;

    do {
        progress = sl_message_list_count(&list, &history);
    } while (progress == SL_PROGRESS_CUT);
    return progress;
}

static enum sl_progress fill_all(void)
{
    enum sl_progress progress;

    do {
        progress = sl_message_list_fill(&list, &history);
    } while (progress == SL_PROGRESS_CUT);
    return progress;
}

/* The page as text; its messages' numbers are in `seqs`. */
static const char *page(const char *text)
{
    assert_int_equal(ask(text), 0);
    fill_all();
    assert_true(sl_message_list_finish(&list));
    sl_buffer_append(&list.body, "", 1);
    count = seqs_in((const char *)list.body.data, seqs, COUNT_OF(seqs));
    return (const char *)list.body.data;
}

TEST_WITH(list_of_empty_log_is_empty, setup, teardown)
{
    assert_string_equal(page(""),
                        "{\"items\":[],\"page\":{\"limit\":100,\"has_more\":false,\"next\":null}}");
}

TEST_WITH(gives_newest_first, setup, teardown)
{
    fixture_fill(&fixture, 5, 10);
    assert_non_null(strstr(page("limit=3"), "\"has_more\":true,\"next\":\"b3\""));
    assert_int_equal(count, 3);
    assert_int_equal(seqs[0], 5);
    assert_int_equal(seqs[2], 3);
    assert_non_null(strstr(page("limit=3&cursor=b3"), "\"has_more\":false,\"next\":null"));
    assert_int_equal(count, 2);
    assert_int_equal(seqs[0], 2);
    assert_int_equal(seqs[1], 1);
}

TEST_WITH(gives_oldest_first_after, setup, teardown)
{
    fixture_fill(&fixture, 5, 10);
    assert_non_null(strstr(page("after=1&limit=2"), "\"next\":\"a3\""));
    assert_int_equal(seqs[0], 2);
    assert_int_equal(seqs[1], 3);
    page("after=1&limit=2&cursor=a3");
    assert_int_equal(count, 2);
    assert_int_equal(seqs[0], 4);
    page("after=5");
    assert_int_equal(count, 0);
    page("after=500");
    assert_int_equal(count, 0);
}

TEST_WITH(list_has_only_the_messages_that_match, setup, teardown)
{
    fixture_fill(&fixture, 6, 10);
    page("client=2");
    assert_int_equal(count, 3);
    assert_int_equal(seqs[0], 6);
    /* Whether there is more is decided by what matches. */
    assert_non_null(strstr(page("client=1&limit=3"), "\"has_more\":false"));
    assert_non_null(strstr(page("client=1&limit=2"), "\"has_more\":true"));
}

TEST_WITH(list_continues_after_a_cut_step, setup, teardown)
{
    unsigned cuts = 0;

    fixture_fill(&fixture, 30000, 1);
    assert_int_equal(ask("client=3"), 0);
    while (sl_message_list_fill(&list, &history) == SL_PROGRESS_CUT)
        cuts++;
    assert_true(cuts >= 1); /* 60,000 records: no step may take them all */
    page("after=29998&client=2");
    assert_int_equal(count, 1);
    assert_int_equal(seqs[0], 30000);
}

TEST_WITH(list_reports_evicted_messages_as_gap, setup, teardown)
{
    char expected[80];
    uint64_t oldest;

    fixture_fill(&fixture, 200, SL_STORED_SIZE_MAX);
    oldest = fixture_stats(&fixture).oldest_seq;
    assert_true(oldest > 1);
    snprintf(expected, sizeof(expected), "\"gap\":{\"from\":1,\"to\":%llu,\"reason\":\"evicted\"}",
             (unsigned long long)oldest - 1);
    assert_non_null(strstr(page("after=0&limit=1"), expected));
    assert_int_equal(seqs[0], oldest);
    snprintf(expected, sizeof(expected), "after=%llu&limit=1", (unsigned long long)oldest);
    assert_null(strstr(page(expected), "\"gap\""));
    assert_null(strstr(page("limit=1000"), "\"gap\""));
}

TEST_WITH(ends_a_page_that_grows_too_large, setup, teardown)
{
    fixture_free(&fixture);
    fixture = fixture_new_of(16 << 20);
    sl_history_init(&history, fixture.journal, fixture.registry, NULL);
    fixture_fill(&fixture, 60, SL_STORED_SIZE_MAX);
    page("limit=1000");
    assert_true(count > 5);
    assert_true(list.has_more);
    assert_true(list.body.size < SL_PAGE_BYTES_MAX + (1 << 20));
}

TEST_WITH(wait_counts_matching_messages, setup, teardown)
{
    fixture_fill(&fixture, 3, 1);
    assert_int_equal(ask("after=1&wait=5s&min=3"), 0);
    assert_true(list.asked.wait == INT64_C(5000000000));
    assert_int_equal(count_all(), SL_PROGRESS_SHORT);
    fixture_fill(&fixture, 1, 1);
    assert_int_equal(count_all(), SL_PROGRESS_DONE);
    assert_int_equal(ask("wait=5s&min=4"), 0);
    assert_int_equal(count_all(), SL_PROGRESS_DONE);
}

/* Searched once more from the beginning, it could run out of time before the match. */
TEST_WITH(page_begins_where_the_wait_found_a_match, setup, teardown)
{
    fixture_fill(&fixture, 9, 1);
    assert_int_equal(ask("after=2&wait=5s&client=2"), 0);
    assert_int_equal(count_all(), SL_PROGRESS_DONE);
    assert_int_equal(list.first_seq, 4);
    assert_int_equal(fill_all(), SL_PROGRESS_DONE);
    assert_int_equal(list.count, 3);
    assert_int_equal(ask("after=2&wait=5s&client=77"), 0);
    assert_int_equal(count_all(), SL_PROGRESS_SHORT);
    /* What is not behind `after` is not shown, though it came while that was waited for. */
    assert_int_equal(ask("after=20&wait=5s"), 0);
    assert_int_equal(count_all(), SL_PROGRESS_SHORT);
    fixture_fill(&fixture, 5, 1);
    assert_int_equal(fill_all(), SL_PROGRESS_DONE);
    assert_int_equal(list.count, 0);
}

TEST_WITH(tells_the_gap_that_a_wait_met, setup, teardown)
{
    fixture_fill(&fixture, 200, SL_STORED_SIZE_MAX);
    assert_int_equal(ask("after=0&wait=5s&limit=1"), 0);
    assert_int_equal(count_all(), SL_PROGRESS_DONE);
    assert_int_equal(fill_all(), SL_PROGRESS_DONE);
    assert_int_equal(list.gap.from, 1);
}

static enum sl_progress expect(const char *text)
{
    assert_int_equal(ask(text), 0);
    return count_all();
}

static const char *blame(void)
{
    sl_message_list_blame(&list, &problem);
    return problem.detail;
}

TEST_WITH(counts_as_far_as_it_makes_a_difference, setup, teardown)
{
    fixture_fill(&fixture, 5, 1);
    assert_int_equal(expect("min=2&strict=1"), SL_PROGRESS_DONE);
    assert_int_equal(list.waited, 2);
    assert_int_equal(expect("max=3"), SL_PROGRESS_DONE);
    assert_int_equal(list.waited, 4);
    assert_int_equal(expect("min=1&max=5&wait=1s"), SL_PROGRESS_SHORT);
    assert_int_equal(list.waited, 5);
    assert_int_equal(expect("min=1&quiet=1s&wait=1s"), SL_PROGRESS_SHORT);
    assert_int_equal(list.waited, 5);
}

TEST_WITH(what_is_expected_is_met_or_blamed, setup, teardown)
{
    static const struct {
        const char *query, *blame;
    } cases[] = {
        {"min=5&strict=1", NULL},
        {"min=5&max=5", NULL},
        {"max=5", NULL},
        {"max=0&client=77", NULL},
        {"min=6&strict=1", "expected at least 6, found 5"},
        {"min=3&max=3", "expected 3 messages, found 4 or more"},
        {"min=6&max=7", "expected 6 to 7 messages, found 5"},
        {"max=4", "expected at most 4, found 5 or more"},
        {"max=0", "expected no message, found 1 or more"},
    };

    fixture_fill(&fixture, 5, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect(cases[i].query);
        list.settled = true;
        assert_int_equal(sl_message_list_is_met(&list), !cases[i].blame);
        if (cases[i].blame)
            assert_string_equal(blame(), cases[i].blame);
    }
}

TEST_WITH(what_is_not_known_is_not_met, setup, teardown)
{
    fixture_fill(&fixture, 200, SL_STORED_SIZE_MAX);
    assert_int_equal(expect("after=0&max=500"), SL_PROGRESS_SHORT);
    list.settled = true;
    assert_false(sl_message_list_is_met(&list));
    assert_non_null(strstr(blame(), "; older ones are no longer held"));
    sl_history_clear(&history, 200);
    assert_int_equal(expect("after=0&max=500"), SL_PROGRESS_SHORT);
    assert_false(sl_message_list_is_met(&list));
    assert_string_equal(blame(), "expected at most 500, found 0; the wait was cut short");
    list.settled = true;
    assert_true(sl_message_list_is_met(&list));
}

TEST_WITH(wrong_parameter_is_refused_by_name, setup, teardown)
{
    static const struct {
        const char *query, *param;
    } cases[] = {
        {"limit=0", "limit"},
        {"after=-1", "after"},
        {"cursor=5", "cursor"},
        {"cursor=c5", "cursor"},
        {"cursor=b", "cursor"},
        {"after=1&cursor=b5", "cursor"},
        {"wait=61s", "wait"},
        {"wait=5", "wait"},
        {"wait=x", "wait"},
        {"wait=1s&cursor=a5", "wait"},
        {"min=1", "min"},
        {"wait=1s&min=0", "min"},
        {"max=-1", "max"},
        {"min=3&max=2&wait=1s", "max"},
        {"quiet=1s&min=1", "quiet"},
        {"quiet=1s&wait=0&min=1", "quiet"},
        {"quiet=2s&wait=1s&min=1", "quiet"},
        {"quiet=1s&wait=2s", "quiet"},
        {"strict=1", "strict"},
        {"strict=1&wait=1s", "strict"},
        {"strict=2&min=1", "strict"},
        {"max=0&cursor=b5", "cursor"},
        {"cursor=b18446744073709551615", "cursor"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(ask(cases[i].query), 400);
        assert_string_equal(problem.param, cases[i].param);
    }
}

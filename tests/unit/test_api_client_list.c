#include "params_of.h"
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "api/api_clients.h"

static struct sl_client_view clients[300];
static struct sl_query query;
static struct sl_client_list list;
static struct sl_problem problem;

/* Id 1 to 300; seen in an order of its own, in threes at the same time. */
static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        struct sl_client_view *view = &clients[i];

        *view =
            (struct sl_client_view){.id = i + 1, .service = (uint8_t)(i % 3), .transport = SL_TCP};
        view->last_seen_at_ns = (int64_t)((i * 7 % 300) / 3) + 1000;
        view->counters.received_messages = i % 10;
        view->counters.received_bytes = i * i;
        view->peer.family = AF_INET;
        view->peer.port = (uint16_t)(1000 + i);
        inet_pton(AF_INET, i < 150 ? "127.0.0.1" : "127.0.0.2", view->peer.ip);
    }
    clients[299].transport = SL_UNIX;
    clients[299].peer = (struct sl_address){.family = AF_UNIX};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_query_deinit(&query);
    sl_client_list_deinit(&list);
    return 0;
}

static unsigned ask(const char *text)
{
    sl_query_deinit(&query);
    sl_client_list_deinit(&list);
    problem = (struct sl_problem){0};
    assert_int_equal(sl_query_parse(&query, text, params_of_get("/api/v1/clients"), &problem), 0);
    return sl_client_list_from_query(&list, &query, &problem);
}

static void choose(const char *text)
{
    assert_int_equal(ask(text), 0);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        assert_true(sl_client_list_visit(&list, &clients[i]));
    sl_client_list_finish(&list);
}

TEST_GROUP(setup, teardown)

TEST(list_begins_with_the_client_seen_last)
{
    choose("limit=10");
    assert_int_equal(list.count, 11);
    for (size_t i = 1; i < list.count; i++)
        assert_true(list.views[i - 1].last_seen_at_ns >= list.views[i].last_seen_at_ns);
    assert_int_equal(list.views[0].last_seen_at_ns, 1099);
}

TEST(list_has_the_order_asked_for)
{
    choose("sort=id&limit=2");
    assert_int_equal(list.views[0].id, 1);
    assert_int_equal(list.views[1].id, 2);
    choose("sort=-id&limit=2");
    assert_int_equal(list.views[0].id, 300);
    choose("sort=-bytes&limit=2");
    assert_int_equal(list.views[0].id, 300);
    choose("sort=messages&limit=2");
    assert_int_equal(list.views[0].counters.received_messages, 0);
}

/* Page by page each client comes exactly once, whatever the order and however many are equal. */
TEST(pages_cover_all_clients)
{
    static const char *const sorts[] = {"id",       "-id",       "last_seen", "-last_seen",
                                        "messages", "-messages", "bytes",     "-bytes"};

    for (size_t i = 0; i < COUNT_OF(sorts); i++) {
        bool seen[301] = {false};
        char text[128], cursor[64] = "";
        size_t total = 0;
        bool more = true;

        while (more) {
            snprintf(text, sizeof(text), "sort=%s&limit=7%s%s", sorts[i], *cursor ? "&cursor=" : "",
                     cursor);
            choose(text);
            more = sl_client_list_next(&list, cursor);
            for (size_t k = 0; k < list.count && k < 7; k++, total++) {
                assert_false(seen[list.views[k].id]);
                seen[list.views[k].id] = true;
            }
        }
        assert_int_equal(total, 300);
    }
}

TEST(list_has_only_the_clients_that_match)
{
    choose("service=udp-upper,tcp-chat&limit=1000");
    assert_int_equal(list.count, 200);
    choose("address=127.0.0.2&limit=1000");
    assert_int_equal(list.count, 149);
    choose("address=127.0.0.1:1003&limit=1000");
    assert_int_equal(list.count, 1);
    assert_int_equal(list.views[0].id, 4);
    choose("address=[::1]:1&limit=1000");
    assert_int_equal(list.count, 0);
    choose("address=unix:&limit=1000");
    assert_int_equal(list.count, 1);
}

TEST(states_are_read_by_name)
{
    assert_int_equal(ask("state=open"), 0);
    assert_true(list.open && !list.closed);
    assert_int_equal(ask("state=closed"), 0);
    assert_true(!list.open && list.closed);
    assert_int_equal(ask("state=all"), 0);
    assert_true(list.open && list.closed);
}

TEST(wrong_parameter_is_refused_by_name)
{
    static const struct {
        const char *query, *param;
    } cases[] = {
        {"state=shut", "state"},
        {"sort=", "sort"},
        {"sort=--id", "sort"},
        {"sort=name", "sort"},
        {"address=localhost", "address"},
        {"address=127.0.0.1:", "address"},
        {"address=127.0.0.1:99999", "address"},
        {"limit=1001", "limit"},
        {"cursor=17", "cursor"},
        {"cursor=id.1.1", "cursor"},
        {"sort=id&cursor=-id.1.1", "cursor"},
        {"cursor=-last_seen.1", "cursor"},
        {"cursor=-last_seen.1.x", "cursor"},
        {"cursor=-last_seen.11111111111111111111111111111111111111111111111111.1", "cursor"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(ask(cases[i].query), 400);
        assert_string_equal(problem.param, cases[i].param);
    }
}

#include "unit.h"

#include <ctype.h>
#include <stdio.h>

#include "net/echo.h"

#define STEP_NS SL_NS_PER_MS

static struct sl_echo_guard guard;

static int set_up(void **state)
{
    (void)state;
    return sl_echo_guard_init(&guard);
}

static int tear_down(void **state)
{
    (void)state;
    sl_echo_guard_deinit(&guard);
    return 0;
}

static bool admit(uint64_t client, const char *text, int64_t now_ns)
{
    return sl_echo_guard_admit(&guard, client, (const uint8_t *)text, strlen(text), now_ns);
}

/* How many in a row are answered, one each `step_ns`. */
static unsigned admitted(uint64_t client, const char *text, int64_t *now_ns, int64_t step_ns)
{
    unsigned count = 0;

    while (count < 2 * SL_ECHO_RUN_MAX && admit(client, text, *now_ns += step_ns))
        count++;
    return count;
}

TEST_WITH(a_run_ends_and_all_under_way_with_it, set_up, tear_down)
{
    int64_t now = SL_NS_PER_S;

    assert_int_equal(admitted(1, "PING", &now, STEP_NS), SL_ECHO_RUN_MAX);
    assert_false(admit(1, "PING", now));
    assert_false(admit(1, "PING", now + SL_ECHO_HOLD_NS - 1));
    assert_true(admit(1, "PING", now + SL_ECHO_HOLD_NS));
}

TEST_WITH(client_that_pauses_is_always_answered, set_up, tear_down)
{
    int64_t now = SL_NS_PER_S;

    assert_int_equal(admitted(1, "PING", &now, SL_ECHO_PAUSE_NS + 1), 2 * SL_ECHO_RUN_MAX);
}

TEST_WITH(each_client_and_text_has_its_own_run, set_up, tear_down)
{
    static const char *const texts[] = {"", "A", "B", "AAAAAAAA", "AAAAAAAAA", "AAAAAAAAAAAAAAAAB"};
    int64_t now = SL_NS_PER_S;

    for (uint64_t client = 1; client < 4; client++) {
        for (size_t i = 0; i < COUNT_OF(texts); i++)
            assert_int_equal(admitted(client, texts[i], &now, 1000), SL_ECHO_RUN_MAX);
    }
}

TEST_WITH(a_burst_is_one_round, set_up, tear_down)
{
    for (int i = 0; i < 10 * SL_ECHO_RUN_MAX; i++)
        assert_true(admit(1, "PING", SL_NS_PER_S));
}

TEST_WITH(many_loops_at_once_all_end, set_up, tear_down)
{
    enum { LOOPS = 2000 };
    int64_t now = SL_NS_PER_S;
    static bool ended[LOOPS];
    size_t left = LOOPS;

    for (int round = 0; round < 10 * SL_ECHO_RUN_MAX && left > 0; round++) {
        now += STEP_NS;
        for (size_t i = 0; i < LOOPS; i++) {
            if (!ended[i] && !admit(i, "PING", now)) {
                ended[i] = true;
                left--;
            }
        }
    }
    assert_int_equal(left, 0);
}

/* What a server does that says "Echo: " first and takes no more than 200 bytes. */
TEST_WITH(changed_echo_is_a_run_too, set_up, tear_down)
{
    char text[201] = "Echo: hello, who is there?", reply[201];
    int64_t now = SL_NS_PER_S;
    unsigned rounds = 0;

    do {
        for (size_t i = 0; i < sizeof(reply); i++)
            reply[i] = (char)toupper((unsigned char)text[i]);
        if (!sl_echo_guard_admit_other(&guard, 1, (const uint8_t *)text, strlen(text),
                                       (const uint8_t *)reply, strlen(reply), now += STEP_NS))
            break;
        snprintf(text, sizeof(text), "Echo: %.190s", reply);
    } while (++rounds < 10 * SL_ECHO_RUN_MAX);
    assert_in_range(rounds, SL_ECHO_RUN_MAX, SL_ECHO_RUN_MAX + 5);
}

TEST_WITH(a_client_that_repeats_itself_is_no_loop, set_up, tear_down)
{
    static const char *const texts[][2] = {
        {"hello", "HELLO"},
        {"hello from the first client", "HELLO FROM THE FIRST CLIENT"},
        {"2026-01-01T12:00:00 hello, client", "2026-01-01T12:00:00 HELLO, CLIENT"}};
    int64_t now = SL_NS_PER_S;

    for (int i = 0; i < 10 * SL_ECHO_RUN_MAX; i++)
        for (size_t j = 0; j < COUNT_OF(texts); j++)
            assert_true(sl_echo_guard_admit_other(&guard, j + 1, (const uint8_t *)texts[j][0],
                                                  strlen(texts[j][0]), (const uint8_t *)texts[j][1],
                                                  strlen(texts[j][1]), now += STEP_NS));
}

#include "unit.h"

#include "socklens/exchange.h"

TEST(the_names_are_those_of_the_api)
{
    static const char *const services[] = {"udp-upper", "tcp-upper", "tcp-chat"};
    static const char *const outcomes[] = {
        "replied",
        "reply_too_large",
        "refused_own_listener",
        "refused_reflecting_port",
        "refused_not_unicast",
        "refused_rate_limit",
        "send_failed",
        "peer_gone",
        "after_close",
        "unfinished",
        "refused_loop",
        "lost",
        "reply_lost",
    };
    static const char *const closers[] = {"peer", "server", "operator"};
    static const char *const reasons[] = {
        "exit",     "answered",  "eof",     "reset", "idle_timeout",     "disconnected",
        "shutdown", "forgotten", "evicted", "error", "unfinished_limit",
    };
    assert_int_equal(COUNT_OF(services), SL_SERVICE_COUNT);
    assert_int_equal(COUNT_OF(outcomes), SL_OUTCOME_COUNT);
    assert_int_equal(COUNT_OF(closers), SL_CLOSED_BY_COUNT);
    assert_int_equal(COUNT_OF(reasons), SL_CLOSE_REASON_COUNT);
    for (unsigned i = 0; i < COUNT_OF(services); i++)
        assert_string_equal(sl_service_id_name(i), services[i]);
    for (unsigned i = 0; i < COUNT_OF(outcomes); i++)
        assert_string_equal(sl_outcome_name(i), outcomes[i]);
    for (unsigned i = 0; i < COUNT_OF(closers); i++)
        assert_string_equal(sl_closed_by_name(i), closers[i]);
    for (unsigned i = 0; i < COUNT_OF(reasons); i++)
        assert_string_equal(sl_close_reason_name(i), reasons[i]);
}

TEST(what_is_printed_is_read_again)
{
    for (unsigned i = 0; i < SL_SERVICE_COUNT; i++) {
        enum sl_service_id service;
        assert_true(sl_service_id_parse(sl_service_id_name(i), &service));
        assert_int_equal(service, i);
    }
    for (unsigned i = 0; i < SL_OUTCOME_COUNT; i++) {
        enum sl_outcome outcome;
        assert_true(sl_outcome_parse(sl_outcome_name(i), &outcome));
        assert_int_equal(outcome, i);
    }
}

TEST(numbers_of_a_newer_version_still_print)
{
    assert_string_equal(sl_service_id_name(SL_SERVICE_COUNT), "unknown");
    assert_string_equal(sl_outcome_name(200), "unknown");
    assert_string_equal(sl_closed_by_name(SL_CLOSED_BY_COUNT), "unknown");
    assert_string_equal(sl_close_reason_name(255), "unknown");
}

TEST(unknown_names_change_nothing)
{
    static const char *const names[] = {"", "Replied", "replied ", "tcp", "TCP-chat", "unknown"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        enum sl_service_id service = SL_TCP_CHAT;
        enum sl_outcome outcome = SL_AFTER_CLOSE;
        assert_false(sl_service_id_parse(names[i], &service));
        assert_false(sl_outcome_parse(names[i], &outcome));
        assert_int_equal(service, SL_TCP_CHAT);
        assert_int_equal(outcome, SL_AFTER_CLOSE);
    }
}

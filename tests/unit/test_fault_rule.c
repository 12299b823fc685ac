#include "unit.h"

#include "socklens/fault.h"
#include "socklens/scenario.h"

static int parse(const char *text, struct sl_rule *rule, struct sl_rule_error *error)
{
    return sl_rule_parse(text, 4711, rule, error);
}

/* The text that `text` stands for. */
static void check_canonical(const char *text, const char *canonical)
{
    char first[SL_FAULT_TEXT_SIZE], second[SL_FAULT_TEXT_SIZE];
    struct sl_rule_error error;
    struct sl_rule rule, again;
    size_t size;

    if (parse(text, &rule, &error) < 0)
        fail_msg("%s: %s", text, error.detail);
    size = sl_rule_format(&rule, first);
    assert_int_equal(size, strlen(first));
    assert_string_equal(first, canonical);
    assert_int_equal(parse(first, &again, &error), 0);
    sl_rule_format(&again, second);
    assert_string_equal(second, canonical);
}

TEST(texts_have_one_canonical_form)
{
    static const char *const texts[][2] = {
        {"loss", "loss"},
        {"loss always", "loss"},
        {"loss 30%", "loss 30% seed 4711"},
        {"loss 30.000% seed 1", "loss 30% seed 1"},
        {"loss 0.5% seed 1", "loss 0.5% seed 1"},
        {"loss 0.00005% seed 1", "loss 0.0001% seed 1"},
        {"loss 4/11 seed 7", "loss 4/11 seed 7"},
        {"loss seed 7 4/11", "loss 4/11 seed 7"},
        {"loss every 3", "loss every 3"},
        {"loss every 3 seed 5", "loss every 3"},
        {"loss first 2", "loss first 2"},
        {"loss at 3,7,10-12", "loss at 3,7,10-12"},
        {"loss at 4-4", "loss at 4"},
        {"loss burst 5% 3", "loss burst 5% 3 seed 4711"},
        {"loss skip 2 max-run 3 for 30s every 2 on both per client",
         "loss every 2 skip 2 max-run 3 for 30s on both per client"},
        {"loss on sent per address", "loss"},
        {"loss on received per listener", "loss on received per listener"},
        {"loss client 192.0.2.0/24", "loss client 192.0.2.0/24"},
        {"loss client 192.0.2.1/32", "loss client 192.0.2.1"},
        {"loss client 192.0.2.1:5000", "loss client 192.0.2.1:5000"},
        {"loss client 2001:db8::/32", "loss client 2001:db8::/32"},
        {"loss client [2001:db8::1]:80", "loss client [2001:db8::1]:80"},
        {"loss client 17", "loss client 17"},
        {"loss starts PING", "loss starts \"PING\""},
        {"loss contains \"a \\\"b\\\" \\\\ \\n\\x00\"",
         "loss contains \"a \\\"b\\\" \\\\ \\x0a\\x00\""},
        {"loss hex \"50 49 ??\"", "loss hex 5049??"},
        {"loss off name x every 2", "loss every 2"},
        {"truncate 8", "truncate 8"},
        {"truncate 0 50% seed 3", "truncate 0 50% seed 3"},
        {"corrupt", "corrupt seed 4711"},
        {"corrupt 1 5% seed 30", "corrupt 5% seed 30"},
        {"corrupt 3 5% seed 30", "corrupt 3 5% seed 30"},
        {"corrupt 1/4096 seed 2", "corrupt 1/4096 seed 2"},
        {"duplicate", "duplicate"},
        {"duplicate 2 gap 10ms every 4", "duplicate 2 gap 10ms every 4"},
        {"delay 20ms", "delay 20ms"},
        {"delay 0.02s jitter 10ms seed 3", "delay 20ms jitter 10ms seed 3"},
        {"delay 20ms jitter 10ms normal seed 3", "delay 20ms jitter 10ms normal seed 3"},
        {"rate 750kbit", "rate 750kbit/s"},
        {"rate 64kB/s queue 8K", "rate 512kbit/s queue 8192"},
        {"rate 1.5Mbit/s", "rate 1500kbit/s"},
        {"rate 10Gbit/s", "rate 10Gbit/s"},
        {"reorder", "reorder"},
        {"reorder 3 within 1s 5% seed 1", "reorder 3 within 1s 5% seed 1"},
        {"reorder within 500ms", "reorder"},
        {"slice 3", "slice 3"},
        {"slice 3 gap 0", "slice 3 gap 0s"},
        {"join 200ms", "join 200ms"},
        {"read 5", "read 5"},
        {"close", "close"},
        {"close after 5 bytes", "close after 5 bytes"},
        {"reset after 3 messages", "reset after 3 messages"},
        {"half-close after 1500ms", "half-close after 1500ms"},
        {"mute 20% seed 1", "mute 20% seed 1"},
        {"stall", "stall"},
        {"stall 90s", "stall 90s"},
        {"accept-delay 2s", "accept-delay 2s"},
        {"down for 10s", "down for 10s"},
        {"  loss \t every   3 ", "loss every 3"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        check_canonical(texts[i][0], texts[i][1]);
}

TEST(mistakes_are_named)
{
    /* The rule, a part of the sentence, and a part of what is allowed (NULL: any). */
    static const char *const wrong[][3] = {
        {"", "empty", "loss"},
        {"los 30%", "\"los\" is no effect; did you mean \"loss\"?", "delay"},
        {"frobnicate", "\"frobnicate\" is no effect", "loss"},
        {"loss 30", "\"30\" is no share; try 30%", "30%, 4/11, every N"},
        {"loss 130%", "\"130%\" is no share", "30%"},
        {"loss 12/11", "\"12/11\" is no share", "30%"},
        {"loss 1/0", "\"1/0\" is no share", "30%"},
        {"loss 30% 20%", "\"20%\" is a second selection", "every N"},
        {"loss every 3 first 2", "\"first\": a rule has one selection", NULL},
        {"loss evry 3", "\"evry\" is no part of a rule; did you mean \"every\"?", "every N"},
        {"loss every", "\"every\" needs a value", NULL},
        {"loss every 0", "\"0\" after \"every\"", NULL},
        {"loss every x", "\"x\" after \"every\"", NULL},
        {"loss at 3,", "\"3,\" after \"at\"", "3,7,10-12"},
        {"loss at 7-3", "\"7-3\" after \"at\"", NULL},
        {"loss at 0", "\"0\" after \"at\"", NULL},
        {"loss burst 5", "\"5\" after \"burst\"", "burst 5% 3"},
        {"loss burst 5%", "\"burst\" needs a value", "burst 5% 3"},
        {"loss seed -1", "\"-1\" is no seed", "9007199254740991"},
        {"loss seed 9007199254740992", "is no seed", NULL},
        {"loss 5% seed 1 seed 2", "\"seed\": a rule has one", NULL},
        {"loss on both on sent", "\"on\": a rule has one", NULL},
        {"loss on up", "\"up\" is not what \"on\" takes", "received, sent, both"},
        {"loss per host", "\"host\" is not what \"per\" takes", "address"},
        {"loss client example.org", "\"example.org\" is no address", "192.0.2.0/24"},
        {"loss client 192.0.2.0/33", "is no address", NULL},
        {"loss starts \"", "quotes do not end", NULL},
        {"loss starts a\\q", "\"\\q\" is no escape", NULL},
        {"loss starts \"\"", "has 0 bytes", NULL},
        {"loss starts a contains b", "\"contains\": a rule has one", NULL},
        {"loss hex 5", "\"5\" after \"hex\"", "50 49 ??"},
        {"loss for ever", "\"ever\" after \"for\"", NULL},
        {"loss name Wifi", "\"Wifi\" is no name", "a-z"},
        {"loss jitter 3ms", "\"jitter\" is no parameter of \"loss\"", NULL},
        {"truncate", "\"truncate\" needs a value", "65507"},
        {"truncate 65508", "\"65508\" is not what \"truncate\" takes", NULL},
        {"corrupt 65", "\"65\" is not what \"corrupt\" takes", "64 bits"},
        {"duplicate 10", "\"10\" is not what \"duplicate\" takes", "9 copies"},
        {"delay", "\"delay\" needs a value", NULL},
        {"delay 20", "\"20\" is not what \"delay\" takes", "60s"},
        {"delay 61s", "\"61s\" is not what \"delay\" takes", NULL},
        {"delay 10ms jitter 20ms", "jitter is longer", NULL},
        {"delay 10ms normal", "\"normal\" needs a jitter", NULL},
        {"rate 7bit/s", "\"7bit/s\" is no rate", NULL},
        {"rate 11Gbit/s", "is no rate", NULL},
        {"rate fast", "\"fast\" is no rate", NULL},
        {"rate 1Mbit/s queue 2M", "\"2M\" after \"queue\"", "1K to 1M"},
        {"reorder 65", "\"65\" is not what", NULL},
        {"slice 0", "\"0\" is not what", NULL},
        {"close after", "\"after\" needs a value", "after N bytes"},
        {"close after 5", "\"after\" needs a value", NULL},
        {"close after 5 apples", "\"apples\" is not what \"after\" takes", NULL},
        {"close starts X", "no content", NULL},
        {"down 30%", "whole listener", "down"},
        {"down client 192.0.2.1", "whole listener", NULL},
        {"loss \"every\" 3", "\"every\" is no part", NULL},
    };
    struct sl_rule_error error;
    struct sl_rule rule;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (parse(wrong[i][0], &rule, &error) == 0)
            fail_msg("\"%s\" is taken for a rule", wrong[i][0]);
        if (!strstr(error.detail, wrong[i][1]))
            fail_msg("\"%s\": %s", wrong[i][0], error.detail);
        if (wrong[i][2] && (!error.allowed || !strstr(error.allowed, wrong[i][2])))
            fail_msg("\"%s\": allowed %s", wrong[i][0], error.allowed);
    }
}

TEST(too_long_is_refused)
{
    char text[SL_FAULT_RULE_MAX + 2], canonical[SL_FAULT_TEXT_SIZE];
    struct sl_rule_error error;
    struct sl_rule rule;

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, "loss", 4);
    text[SL_FAULT_RULE_MAX + 1] = '\0';
    assert_int_not_equal(parse(text, &rule, &error), 0);
    text[SL_FAULT_RULE_MAX] = '\0';
    assert_int_equal(parse(text, &rule, &error), 0);
    assert_int_equal(sl_rule_format(&rule, canonical), 4);
}

TEST(transports_are_told_apart)
{
    static const char *const datagrams[] = {"loss", "truncate 3", "duplicate", "reorder"};
    static const char *const streams[] = {"slice 3", "join 1s", "read 2",
                                          "close",   "reset",   "half-close",
                                          "mute",    "stall",   "accept-delay 1s"};
    static const char *const both[] = {"delay 1s", "rate 1Mbit/s", "corrupt"};
    struct sl_rule_error error;
    struct sl_rule rule;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(datagrams); i++) {
        assert_int_equal(parse(datagrams[i], &rule, &error), 0);
        assert_int_equal(sl_rule_check(&rule, SL_FAULT_ON_DATAGRAMS, &error), 0);
        assert_int_not_equal(sl_rule_check(&rule, SL_FAULT_ON_STREAMS, &error), 0);
        assert_non_null(strstr(error.detail, "TCP repairs"));
    }
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        assert_int_equal(parse(streams[i], &rule, &error), 0);
        assert_int_equal(sl_rule_check(&rule, SL_FAULT_ON_STREAMS, &error), 0);
        assert_int_not_equal(sl_rule_check(&rule, SL_FAULT_ON_DATAGRAMS, &error), 0);
        assert_non_null(strstr(error.detail, "UDP has none"));
    }
    assert_int_equal(parse("down", &rule, &error), 0);
    assert_int_not_equal(sl_rule_check(&rule, SL_FAULT_ON_DATAGRAMS, &error), 0);
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        assert_int_equal(parse(both[i], &rule, &error), 0);
        assert_int_equal(sl_rule_check(&rule, SL_FAULT_ON_STREAMS, &error), 0);
        assert_int_equal(sl_rule_check(&rule, SL_FAULT_ON_DATAGRAMS, &error), 0);
    }
}

TEST(scenarios_are_rules)
{
    size_t count;
    const struct sl_scenario *scenarios = sl_scenarios(&count);
    struct sl_rule_error error;
    struct sl_rule rule;

    (void)state;
    assert_int_equal(count, 9);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(sl_scenario_find(scenarios[i].name), &scenarios[i]);
        assert_true(sl_rule_is_name(scenarios[i].name) || strchr(scenarios[i].name, '.'));
        assert_non_null(scenarios[i].rules[0]);
        for (const char *const *text = scenarios[i].rules; *text; text++) {
            assert_int_equal(parse(*text, &rule, &error), 0);
            for (unsigned transport = 1; transport <= 2; transport++) {
                if (scenarios[i].transports & transport)
                    assert_int_equal(sl_rule_check(&rule, transport, &error), 0);
            }
        }
    }
    assert_null(sl_scenario_find("nice-weather"));
}

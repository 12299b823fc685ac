#include "unit.h"

#include <stdio.h>

#include "fault/draw.h"
#include "socklens/clock.h"
#include "socklens/fault_set.h"

#define NOW (1000 * SL_NS_PER_S)

static struct sl_rule rule_of(const char *text)
{
    struct sl_rule_error error;
    struct sl_rule rule;

    if (sl_rule_parse(text, 1, &rule, &error) < 0)
        fail_msg("%s: %s", text, error.detail);
    return rule;
}

static void check_fates(const char *text, const char *fates)
{
    char got[SL_FATES_MAX + 1];
    struct sl_rule rule = rule_of(text);
    size_t hits = sl_rule_fates(&rule, 0, strlen(fates), got);

    assert_string_equal(got, fates);
    for (const char *at = fates; *at; at++)
        hits -= *at == 'x';
    assert_int_equal(hits, 0);
}

/* The vectors were computed apart from this program, in Python. */
TEST(draws_are_as_defined)
{
    static const struct {
        struct draw_source source;
        uint64_t which, draw;
    } vectors[] = {
        {{0, SL_EFFECT_LOSS, SL_SIDE_SENT, 0, 1}, 0, 0xb0a51d4e6a05f9bd},
        {{7, SL_EFFECT_LOSS, SL_SIDE_SENT, 0, 1}, 0, 0x975a0a2991eba9f1},
        {{7, SL_EFFECT_LOSS, SL_SIDE_SENT, 0, 2}, 0, 0x8681c26028a0bba9},
        {{7, SL_EFFECT_LOSS, SL_SIDE_RECEIVED, 0, 1}, 0, 0xc36d7c60c4516935},
        {{7, SL_EFFECT_DELAY, SL_SIDE_SENT, 1, 3}, 2, 0x5f3bcf3f2afe7d32},
        {{UINT64_MAX, SL_EFFECT_REORDER, SL_SIDE_RECEIVED, 0, 1000000}, 0, 0xd61ed9597511450e},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++)
        assert_int_equal(fault_draw(&vectors[i].source, vectors[i].which), vectors[i].draw);
}

TEST(fates_are_as_defined)
{
    (void)state;
    check_fates("loss 30% seed 1", "xx.x...xx.x..xx.....");
    check_fates("loss 30% seed 2", "...x....xx..........");
    check_fates("loss 30% seed 7",
                "....xx.x....x....x...xxx..xx..xx.x..x..xx.....x.....x..xx.x...");
    check_fates("loss 4/11 seed 7", "....xx.xx.");
    check_fates("loss every 3", "..x..x..x.");
    check_fates("loss first 2", "xx........");
    check_fates("loss at 3,7,10-12", "..x...x..xxx.");
    check_fates("loss skip 4 first 2", "....xx....");
    check_fates("loss skip 2 30% seed 1", "..xx.x...xx.x..xx...");
    check_fates("loss max-run 2", "xx.xx.xx.x");
    check_fates("loss 0% seed 1", "..........");
    check_fates("loss 100% seed 1", "xxxxxxxxxx");
    /* A burst of mean length 1 is a share; one that never ends hits all that follow. */
    check_fates("loss burst 30% 1 seed 1", "xx.x...xx.x..xx.....");
    check_fates("loss burst 100% 3 seed 1", "xxxxxxxxxx");
}

TEST(bursts_have_their_mean_length)
{
    static char fates[SL_FATES_MAX + 1];
    unsigned bursts = 0, hits = 0;

    (void)state;
    for (unsigned seed = 0; seed < 50; seed++) {
        char text[64];
        struct sl_rule rule;

        snprintf(text, sizeof(text), "loss burst 5%% 4 seed %u", seed);
        rule = rule_of(text);
        hits += (unsigned)sl_rule_fates(&rule, 0, SL_FATES_MAX, fates);
        for (size_t i = 0; fates[i]; i++)
            bursts += fates[i] == 'x' && (i == 0 || fates[i - 1] == '.');
    }
    /* Bursts that touch look like one: 4 / (1 - 0.05) is what remains. */
    assert_in_range(hits * 100 / bursts, 395, 450);
}

static struct sl_address peer_at(uint8_t host, uint16_t port)
{
    return (struct sl_address){.family = AF_INET, .port = port, .ip = {192, 0, 2, host}};
}

struct bench {
    struct sl_fault_set *set;
    struct sl_fault_entry entries[SL_FAULTS_PER_LISTENER];
    size_t count;
    struct sl_address peer;
    struct sl_fault_look look;
};

static void bench_add(struct bench *bench, const char *text)
{
    struct sl_rule rule = rule_of(text);
    struct sl_fault_rule *made = sl_fault_rule_new(&rule, "x");

    assert_non_null(made);
    bench->entries[bench->count++] = (struct sl_fault_entry){.rule = made, .enabled = !rule.off};
}

static void bench_make(struct bench *bench)
{
    sl_fault_set_unref(bench->set);
    bench->set = sl_fault_set_new(bench->entries, bench->count);
    assert_non_null(bench->set);
    bench->look = (struct sl_fault_look){
        .side = SL_SIDE_SENT,
        .peer = &bench->peer,
        .client = 1,
        .bytes = (const uint8_t *)"PING 6",
        .size = 6,
        .now_ns = NOW,
    };
    bench->peer = peer_at(1, 5000);
}

static void bench_end(struct bench *bench)
{
    sl_fault_set_unref(bench->set);
    for (size_t i = 0; i < bench->count; i++)
        sl_fault_rule_unref(bench->entries[i].rule);
}

/* "x" or "." for each of `count` messages. */
static const char *bench_fates(struct bench *bench, unsigned count)
{
    static char text[256];
    struct sl_fate fate;

    for (unsigned i = 0; i < count; i++)
        text[i] = sl_fault_judge(bench->set, &bench->look, &fate) ? 'x' : '.';
    text[count] = '\0';
    return text;
}

TEST(judging_gives_the_fates)
{
    struct bench bench = {0};
    struct sl_fault_stats stats;

    (void)state;
    bench_add(&bench, "loss 30% seed 7");
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 20), "....xx.x....x....x..");
    sl_fault_rule_stats(bench.entries[0].rule, &stats);
    assert_int_equal(stats.looked_at, 20);
    assert_int_equal(stats.hits, 5);
    assert_int_equal(stats.scopes, 1);
    assert_string_equal(stats.next, ".xxx..xx..xx.x..x..x");
    bench_end(&bench);
}

TEST(scopes_are_numbered_apart)
{
    struct bench bench = {0};

    (void)state;
    bench_add(&bench, "loss at 2");
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 1), ".");
    bench.peer = peer_at(1, 6000); /* the same address, another port */
    bench.look.client = 2;
    assert_string_equal(bench_fates(&bench, 1), "x");
    bench.peer = peer_at(2, 6000);
    assert_string_equal(bench_fates(&bench, 3), ".x.");
    bench_end(&bench);

    bench = (struct bench){0};
    bench_add(&bench, "loss at 2 per client");
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 1), ".");
    bench.look.client = 2;
    assert_string_equal(bench_fates(&bench, 3), ".x.");
    bench_end(&bench);

    bench = (struct bench){0};
    bench_add(&bench, "loss at 2 per listener");
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 1), ".");
    bench.peer = peer_at(2, 6000);
    bench.look.client = 2;
    assert_string_equal(bench_fates(&bench, 1), "x");
    bench_end(&bench);
}

TEST(sides_are_numbered_apart)
{
    struct bench bench = {0};

    (void)state;
    bench_add(&bench, "loss at 2 on both");
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 1), ".");
    bench.look.side = SL_SIDE_RECEIVED;
    assert_string_equal(bench_fates(&bench, 3), ".x.");
    bench_end(&bench);

    bench = (struct bench){0};
    bench_add(&bench, "loss");
    bench_make(&bench);
    bench.look.side = SL_SIDE_RECEIVED;
    assert_string_equal(bench_fates(&bench, 1), ".");
    bench_end(&bench);
}

TEST(only_what_is_admitted_counts)
{
    static const struct {
        const char *rule;
        bool hit;
    } cases[] = {
        {"loss starts PING", true},
        {"loss starts PONG", false},
        {"loss contains \"G 6\"", true},
        {"loss contains x", false},
        {"loss hex \"50 ?? 4e\"", true},
        {"loss hex \"50 ?? 4f\"", false},
        {"loss hex 50494e4720360a", false},
        {"loss client 192.0.2.1", true},
        {"loss client 192.0.2.2", false},
        {"loss client 192.0.2.0/24", true},
        {"loss client 192.0.2.0/31", true},
        {"loss client 192.0.2.2/31", false},
        {"loss client 0.0.0.0/0", true},
        {"loss client ::/0", false},
        {"loss client 192.0.2.1:5000", true},
        {"loss client 192.0.2.1:5001", false},
        {"loss client 1", true},
        {"loss client 2", false},
        {"truncate 5", true},
        {"truncate 6", false},
        {"loss off", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench = {0};

        bench_add(&bench, cases[i].rule);
        bench_make(&bench);
        if (strcmp(bench_fates(&bench, 1), cases[i].hit ? "x" : ".") != 0)
            fail_msg("%s", cases[i].rule);
        bench_end(&bench);
    }
}

TEST(a_rule_ends_in_time)
{
    struct bench bench = {0};

    (void)state;
    bench_add(&bench, "loss");
    bench.entries[0].ends_at_ns = NOW + 5;
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 1), "x");
    bench.look.now_ns = NOW + 5;
    assert_string_equal(bench_fates(&bench, 1), ".");
    bench_end(&bench);
}

TEST(effects_apply_in_their_order)
{
    static const uint8_t order[] = {SL_EFFECT_LOSS,    SL_EFFECT_LOSS,      SL_EFFECT_TRUNCATE,
                                    SL_EFFECT_CORRUPT, SL_EFFECT_DUPLICATE, SL_EFFECT_DELAY,
                                    SL_EFFECT_DELAY,   SL_EFFECT_RATE,      SL_EFFECT_REORDER};
    struct bench bench = {0};
    struct sl_fate fate;

    (void)state;
    bench_add(&bench, "reorder");
    bench_add(&bench, "delay 2ms");
    bench_add(&bench, "rate 1Mbit/s");
    bench_add(&bench, "duplicate");
    bench_add(&bench, "corrupt");
    bench_add(&bench, "loss");
    bench_add(&bench, "delay 1ms");
    bench_add(&bench, "truncate 3");
    bench_add(&bench, "loss on both");
    bench_make(&bench);
    assert_true(sl_fault_judge(bench.set, &bench.look, &fate));
    assert_int_equal(fate.count, COUNT_OF(order));
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_int_equal(sl_fault_rule_get(fate.hits[i].rule)->effect, order[i]);
    assert_int_equal(sl_fault_rule_get(fate.hits[5].rule)->time_ns, 2 * SL_NS_PER_MS);
    assert_int_equal(fate.hits[5].nth, 0);
    assert_int_equal(fate.hits[6].nth, 1);
    assert_int_equal(fate.hits[1].nth, 1);
    bench.look.side = SL_SIDE_RECEIVED;
    assert_true(sl_fault_judge(bench.set, &bench.look, &fate));
    assert_int_equal(fate.count, 1);
    assert_int_equal(fate.hits[0].nth, 0); /* the only one of that side */
    bench_end(&bench);
}

/* Switching one rule off leaves the fates of the others as they are. */
TEST(rules_do_not_change_each_other)
{
    struct bench bench = {0};
    struct sl_rule rule = rule_of("loss 30% seed 7");
    char fates[SL_FATES_MAX + 1];

    (void)state;
    bench_add(&bench, "loss 30% seed 1");
    bench_add(&bench, "loss 30% seed 7");
    bench_make(&bench);
    bench_fates(&bench, 10);
    bench.entries[0].enabled = false;
    bench_make(&bench);
    sl_rule_fates(&rule, 1, 20, fates); /* its place stays 1 while the first is off */
    assert_string_equal(bench_fates(&bench, 10), fates + 10);
    bench_end(&bench);
}

/* A set that replaces another one goes on counting. */
TEST(numbering_goes_on_in_the_next_set)
{
    struct bench bench = {0};

    (void)state;
    bench_add(&bench, "loss 30% seed 7");
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 5), "....x");
    bench_add(&bench, "delay 1ms off");
    bench_make(&bench);
    assert_string_equal(bench_fates(&bench, 5), "x.x..");
    bench_end(&bench);
}

TEST(delays_and_flips_are_as_defined)
{
    struct bench bench = {0};
    struct sl_fault_hit hit = {.n = 6, .side = SL_SIDE_SENT};
    struct sl_fault_change change;
    uint8_t bytes[] = "PING 6";

    (void)state;
    bench_add(&bench, "delay 20ms jitter 10ms seed 3");
    bench_add(&bench, "corrupt 5% seed 30");
    bench_add(&bench, "delay 20ms jitter 20ms normal seed 3");
    bench_make(&bench);
    hit.rule = bench.entries[0].rule;
    assert_int_equal(sl_fault_delay_ns(&hit, 0), 27296303);
    for (hit.n = 1; hit.n < 2000; hit.n++)
        assert_in_range(sl_fault_delay_ns(&hit, 0), 10 * SL_NS_PER_MS, 30 * SL_NS_PER_MS);
    hit.rule = bench.entries[1].rule;
    hit.n = 6;
    assert_int_equal(sl_fault_corrupt(&hit, 0, bytes, 6, &change, 1), 1);
    assert_int_equal(change.at, 2);
    assert_int_equal(change.was, 0x4e);
    assert_int_equal(change.is, 0xce);
    assert_memory_equal(bytes, "PI\xceG 6", 6);
    assert_int_equal(sl_fault_corrupt(&hit, 0, bytes, 0, &change, 1), 0);
    bench_end(&bench);
}

TEST(a_normal_delay_has_its_mean_and_deviation)
{
    struct bench bench = {0};
    struct sl_fault_hit hit = {.side = SL_SIDE_SENT};
    double sum = 0, squares = 0;

    (void)state;
    bench_add(&bench, "delay 20ms jitter 5ms normal seed 3");
    bench_make(&bench);
    hit.rule = bench.entries[0].rule;
    for (hit.n = 1; hit.n <= 10000; hit.n++) {
        double ms = (double)sl_fault_delay_ns(&hit, 0) / SL_NS_PER_MS;

        sum += ms;
        squares += ms * ms;
    }
    assert_in_range(sum / 10000 * 100, 1985, 2015);
    assert_in_range((squares / 10000 - sum / 10000 * sum / 10000) * 100, 2350, 2650);
    bench_end(&bench);
}

/* More addresses than a rule has room for: the idle ones begin anew, and that is counted. */
TEST(scopes_are_bounded)
{
    struct bench bench = {0};
    struct sl_fault_stats stats;
    struct sl_fate fate;

    (void)state;
    bench_add(&bench, "loss first 1");
    bench_make(&bench);
    for (unsigned i = 0; i < 20000; i++) {
        bench.peer.ip[2] = (uint8_t)(i >> 8);
        bench.peer.ip[3] = (uint8_t)i;
        bench.look.now_ns++;
        assert_true(sl_fault_judge(bench.set, &bench.look, &fate));
    }
    assert_false(sl_fault_judge(bench.set, &bench.look, &fate)); /* the latest is still known */
    sl_fault_rule_stats(bench.entries[0].rule, &stats);
    /* The key of the hash is random: hardly ever a place stays empty. */
    assert_in_range(stats.scopes, 4000, 4096);
    assert_int_equal(stats.scopes + stats.scopes_forgotten, 20000);
    bench_end(&bench);
}

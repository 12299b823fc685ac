#include "unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving.h"

struct rules {
    struct sl_fault_entry entries[SL_FAULTS_PER_LISTENER];
    size_t count;
};

static void rules_add(struct rules *rules, const char *text)
{
    struct sl_rule_error error;
    struct sl_rule rule;

    if (sl_rule_parse(text, 1, &rule, &error) < 0)
        fail_msg("%s: %s", text, error.detail);
    rules->entries[rules->count++] =
        (struct sl_fault_entry){.rule = sl_fault_rule_new(&rule, "x"), .enabled = true};
}

/* Hands the rules to the net, and waits until all workers have them. */
static void rules_set(struct rules *rules, struct serving *serving, size_t listener)
{
    struct sl_fault_set *set = sl_fault_set_new(rules->entries, rules->count);

    sl_net_set_faults(serving->net, listener, rules->count ? set : NULL);
    sl_fault_set_unref(set);
    for (size_t i = 0; i < rules->count; i++)
        sl_fault_rule_unref(rules->entries[i].rule);
    rules->count = 0;
}

static void wait_until_in_force(struct serving *serving)
{
    for (unsigned i = 0; !sl_net_faults_are_in_force(serving->net); i++) {
        assert_true(i < 20000);
        usleep(1000);
    }
}

/* UDP uppercase with these rules (NULL ends them), and a client. */
static int serve(struct serving *serving, const struct sl_net_options *options,
                 const char *const *texts)
{
    struct rules rules = {.count = 0};
    struct sl_address address;

    *serving = serving_new(options);
    address = serving_listen(serving, SL_UDP_UPPER, "127.0.0.1:0");
    while (*texts)
        rules_add(&rules, *texts++);
    rules_set(&rules, serving, 0);
    serving_start(serving);
    return connect_datagram(NULL, &address);
}

#define SERVE(serving, ...) serve(serving, NULL, (const char *const[]){__VA_ARGS__, NULL})

static const struct sl_exchange *exchange(struct serving *serving, uint64_t seq)
{
    serving_wait_exchanges(serving, seq);
    return &serving_exchange(serving, seq)->exchange;
}

/* The note of an exchange, with a NUL behind; valid until the next call. */
static const char *note(struct serving *serving, uint64_t seq)
{
    static char text[SL_NOTE_MAX + 1];
    const struct sl_record *record;

    serving_wait_exchanges(serving, seq);
    record = serving_exchange(serving, seq);
    memcpy(text, sl_record_note(record), record->note_size);
    text[record->note_size] = '\0';
    return text;
}

/* The outcomes of exchanges 1 to `count`: "x" for a lost reply, "." for one that was sent. */
static void assert_fates(struct serving *serving, const char *fates)
{
    for (size_t i = 0; fates[i]; i++)
        assert_int_equal(exchange(serving, i + 1)->outcome,
                         fates[i] == 'x' ? SL_REPLY_LOST : SL_REPLIED);
}

TEST(a_lost_reply_is_made_and_not_sent)
{
    struct serving serving;
    int fd = SERVE(&serving, "loss at 1");

    send_text(fd, "one");
    send_text(fd, "two");
    expect_text(fd, "TWO");
    assert_int_equal(exchange(&serving, 1)->outcome, SL_REPLY_LOST);
    assert_int_equal(exchange(&serving, 1)->replied_at_ns, 0);
    assert_int_equal(exchange(&serving, 1)->fault_bits, 1);
    assert_string_equal(note(&serving, 1),
                        "{\"rule\":\"x\",\"text\":\"loss at 1\",\"effect\":"
                        "\"loss\",\"side\":\"sent\",\"n\":1}");
    assert_int_equal(exchange(&serving, 2)->outcome, SL_REPLIED);
    assert_int_equal(exchange(&serving, 2)->fault_bits, 0);
    assert_int_equal(serving_counters(&serving, 0).traffic.sent_messages, 1);
    assert_int_equal(serving_counters(&serving, 0).traffic.unanswered, 1);
    close(fd);
    serving_free(&serving);
}

TEST(a_message_lost_on_its_way_meets_no_service)
{
    struct serving serving;
    int fd = SERVE(&serving, "loss at 1 on received");

    send_text(fd, "one");
    send_text(fd, "two");
    expect_text(fd, "TWO");
    assert_int_equal(exchange(&serving, 1)->outcome, SL_LOST);
    assert_non_null(strstr(note(&serving, 1), "\"side\":\"received\",\"n\":1"));
    close(fd);
    serving_free(&serving);
}

/* As `socklens fate 'loss 30% seed 7'` tells. */
static void check_fates(unsigned workers, unsigned clients)
{
    static const char fates[] = "....xx.x....x....x...xxx..xx..xx.x..x..xx.....x.....x..xx.x...";
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    struct serving serving;
    struct sl_address address;
    struct rules rules = {.count = 0};
    int fds[16];

    options.workers = workers;
    serving = serving_new(&options);
    address = serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    rules_add(&rules, "loss 30% seed 7");
    rules_set(&rules, &serving, 0);
    serving_start(&serving);
    for (unsigned i = 0; i < clients; i++)
        fds[i] = connect_datagram(NULL, &address);
    for (size_t i = 0; fates[i]; i++) {
        send_text(fds[i % clients], "ping");
        serving_wait_exchanges(&serving, i + 1);
    }
    assert_fates(&serving, fates);
    for (unsigned i = 0; i < clients; i++)
        close(fds[i]);
    serving_free(&serving);
}

TEST(fates_depend_on_neither_workers_nor_ports)
{
    check_fates(1, 1);
    check_fates(1, 16);
    check_fates(2, 16);
    check_fates(4, 16);
}

TEST(what_is_cut_and_changed_is_what_leaves)
{
    struct serving serving;
    int fd = SERVE(&serving, "truncate 4", "corrupt seed 30");
    const struct sl_record *record;
    uint8_t got[16];

    send_text(fd, "ping 6");
    assert_int_equal(recv(fd, got, sizeof(got), 0), 4);
    serving_wait_exchanges(&serving, 1);
    record = serving_exchange(&serving, 1);
    assert_int_equal(record->exchange.fault_bits,
                     1u << (SL_EFFECT_TRUNCATE - 1) | 1u << (SL_EFFECT_CORRUPT - 1));
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored,
                       BYTES("ping 6"));
    assert_bytes_equal(sl_record_sent(record), record->exchange.sent_stored, got, 4);
    assert_memory_not_equal(got, "PING", 4);
    assert_non_null(strstr(note(&serving, 1), "\"from\":6,\"to\":4"));
    assert_non_null(strstr(note(&serving, 1), "\"changes\":[{\"at\":"));
    close(fd);
    serving_free(&serving);
}

TEST(the_service_gets_what_was_changed_on_its_way)
{
    struct serving serving;
    int fd = SERVE(&serving, "truncate 3 on received");

    send_text(fd, "ping 6");
    expect_text(fd, "PIN");
    assert_int_equal(exchange(&serving, 1)->received_size, 6);
    assert_int_equal(exchange(&serving, 1)->sent_size, 3);
    close(fd);
    serving_free(&serving);
}

TEST(a_duplicated_reply_is_one_exchange)
{
    struct serving serving;
    int fd = SERVE(&serving, "duplicate 2 at 1");

    send_text(fd, "a");
    for (unsigned i = 0; i < 3; i++)
        expect_text(fd, "A");
    send_text(fd, "b");
    expect_text(fd, "B");
    assert_int_equal(exchange(&serving, 2)->fault_bits, 0);
    assert_non_null(strstr(note(&serving, 1), "\"copies\":2"));
    assert_int_equal(serving_counters(&serving, 0).traffic.sent_messages, 2);
    close(fd);
    serving_free(&serving);
}

TEST(rules_together_make_nine_copies_at_most)
{
    struct serving serving;
    int fd = SERVE(&serving, "duplicate 6 at 1", "duplicate 6 at 1");

    send_text(fd, "a");
    for (unsigned i = 0; i < 10; i++)
        expect_text(fd, "A");
    send_text(fd, "b");
    expect_text(fd, "B");
    assert_non_null(strstr(note(&serving, 1), "\"copies\":6"));
    assert_non_null(strstr(note(&serving, 1), "\"copies\":3"));
    close(fd);
    serving_free(&serving);
}

TEST(a_duplicated_message_is_two_exchanges)
{
    struct serving serving;
    int fd = SERVE(&serving, "duplicate at 1 on received");

    send_text(fd, "a");
    expect_text(fd, "A");
    expect_text(fd, "A");
    assert_int_equal(exchange(&serving, 2)->outcome, SL_REPLIED);
    close(fd);
    serving_free(&serving);
}

static int64_t took_ns(const struct sl_exchange *one)
{
    return one->replied_at_ns - one->received_at_ns;
}

TEST(a_delayed_reply_is_recorded_when_it_has_left)
{
    struct serving serving;
    int fd = SERVE(&serving, "delay 80ms jitter 20ms seed 3");
    struct sl_net_held held;

    send_text(fd, "a");
    expect_text(fd, "A");
    assert_true(took_ns(exchange(&serving, 1)) >= 60 * SL_NS_PER_MS);
    assert_non_null(strstr(note(&serving, 1), "\"us\":"));
    sl_net_held(serving.net, &held);
    assert_int_equal(held.messages, 0);
    assert_int_equal(held.bytes, 0);
    close(fd);
    serving_free(&serving);
}

TEST(delays_do_not_reorder)
{
    struct serving serving;
    int fd = SERVE(&serving, "delay 20ms jitter 20ms seed 3", "delay 5ms every 2");
    char text[8], reply[8];

    for (unsigned i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "p%u", i);
        send_text(fd, text);
    }
    for (unsigned i = 0; i < 50; i++) {
        snprintf(reply, sizeof(reply), "P%u", i);
        expect_text(fd, reply);
    }
    close(fd);
    serving_free(&serving);
}

TEST(a_message_may_be_delayed_on_its_way_to_the_service)
{
    struct serving serving;
    int fd = SERVE(&serving, "delay 50ms on received", "delay 50ms");

    send_text(fd, "a");
    expect_text(fd, "A");
    assert_true(took_ns(exchange(&serving, 1)) >= 100 * SL_NS_PER_MS);
    close(fd);
    serving_free(&serving);
}

TEST(copies_leave_after_their_gap)
{
    struct serving serving;
    int fd = SERVE(&serving, "duplicate 2 gap 30ms at 1");

    send_text(fd, "a");
    expect_text(fd, "A");
    send_text(fd, "b");
    expect_text(fd, "B"); /* before the copies */
    expect_text(fd, "A");
    expect_text(fd, "A");
    assert_int_equal(exchange(&serving, 2)->outcome, SL_REPLIED);
    close(fd);
    serving_free(&serving);
}

TEST(a_reordered_reply_lets_others_pass)
{
    struct serving serving;
    int fd = SERVE(&serving, "reorder 2 within 10s at 1");

    send_text(fd, "a");
    send_text(fd, "b");
    send_text(fd, "c");
    send_text(fd, "d");
    expect_text(fd, "B");
    expect_text(fd, "C");
    expect_text(fd, "A");
    expect_text(fd, "D");
    serving_wait_exchanges(&serving, 4);
    for (uint64_t seq = 1; seq <= 4; seq++) {
        if (exchange(&serving, seq)->fault_bits)
            assert_non_null(strstr(note(&serving, seq), "\"effect\":\"reorder\""));
    }
    close(fd);
    serving_free(&serving);
}

TEST(a_reordered_reply_that_nothing_passes_leaves_in_time)
{
    struct serving serving;
    int fd = SERVE(&serving, "reorder within 40ms");

    send_text(fd, "a");
    expect_text(fd, "A");
    assert_non_null(strstr(note(&serving, 1), "\"after\":0"));
    close(fd);
    serving_free(&serving);
}

/* 100 bytes at 80 kbit/s take 10 ms each. */
TEST(a_rate_paces_what_leaves)
{
    struct serving serving;
    int fd = SERVE(&serving, "rate 80kbit/s");
    uint8_t bytes[100];

    memset(bytes, 'a', sizeof(bytes));
    for (unsigned i = 0; i < 5; i++)
        send_bytes(fd, bytes, sizeof(bytes));
    memset(bytes, 'A', sizeof(bytes));
    for (unsigned i = 0; i < 5; i++)
        expect_datagram(fd, bytes, sizeof(bytes));
    assert_true(took_ns(exchange(&serving, 5)) >= 40 * SL_NS_PER_MS);
    close(fd);
    serving_free(&serving);
}

TEST(more_than_the_queue_is_lost)
{
    struct serving serving;
    int fd = SERVE(&serving, "rate 8kbit/s queue 1K");
    uint8_t bytes[1000];

    memset(bytes, 'a', sizeof(bytes));
    for (unsigned i = 0; i < 4; i++)
        send_bytes(fd, bytes, sizeof(bytes));
    /* One leaves at once in a second, one may wait, the others find the queue full. */
    serving_wait_exchanges(&serving, 2);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        assert_int_equal(exchange(&serving, seq)->outcome, SL_REPLY_LOST);
        assert_non_null(strstr(note(&serving, seq), "\"effect\":\"queue_full\""));
    }
    close(fd);
    serving_free(&serving);
}

TEST(what_is_held_is_bounded_and_accounted_for)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    struct serving serving;
    struct sl_net_held held;
    unsigned lost = 0;
    int fd;

    options.hold_size = 4000;
    fd = serve(&serving, &options, (const char *const[]){"delay 300ms", NULL});
    for (unsigned i = 0; i < 50; i++)
        send_text(fd, "a");
    serving_wait_exchanges(&serving, 50);
    for (uint64_t seq = 1; seq <= 50; seq++) {
        bool is_lost = exchange(&serving, seq)->outcome == SL_REPLY_LOST;

        lost += is_lost;
        if (is_lost)
            assert_non_null(strstr(note(&serving, seq), "\"effect\":\"overflow\""));
    }
    sl_net_held(serving.net, &held);
    assert_in_range(lost, 20, 49);
    assert_int_equal(held.overflows, lost);
    assert_int_equal(held.messages, 0);
    assert_int_equal(held.bytes_max, 4000);
    close(fd);
    serving_free(&serving);
}

TEST(what_is_held_at_a_stop_is_recorded_and_not_sent)
{
    struct serving serving;
    int fd = SERVE(&serving, "delay 60s", "delay 60s on received at 2");
    struct pollfd more = {.fd = fd, .events = POLLIN};
    struct sl_net_held held;

    send_text(fd, "a");
    send_text(fd, "b");
    do {
        usleep(1000);
        sl_net_held(serving.net, &held);
    } while (held.messages < 2);
    serving_stop(&serving);
    serving_wait_exchanges(&serving, 2);
    for (uint64_t seq = 1; seq <= 2; seq++)
        assert_non_null(strstr(note(&serving, seq), "\"effect\":\"stopped\""));
    assert_int_equal(exchange(&serving, 1)->outcome + exchange(&serving, 2)->outcome,
                     SL_LOST + SL_REPLY_LOST);
    assert_int_equal(poll(&more, 1, 0), 0);
    close(fd);
    serving_free(&serving);
}

TEST(new_rules_are_in_force_for_the_next_message)
{
    struct rules none = {.count = 0}, rules = {.count = 0};
    struct serving serving;
    int fd = SERVE(&serving, "loss");

    for (unsigned i = 0; i < 200; i++) {
        rules_set(&none, &serving, 0);
        wait_until_in_force(&serving);
        send_text(fd, "a");
        expect_text(fd, "A");
        rules_add(&rules, "loss");
        rules_set(&rules, &serving, 0);
        wait_until_in_force(&serving);
        send_text(fd, "b");
        serving_wait_exchanges(&serving, 2 * (i + 1)); /* before its rules go */
    }
    for (uint64_t seq = 1; seq <= 400; seq++)
        assert_int_equal(exchange(&serving, seq)->outcome, seq % 2 ? SL_REPLIED : SL_REPLY_LOST);
    close(fd);
    serving_free(&serving);
}

TEST(held_messages_outlive_their_rules)
{
    struct rules none = {.count = 0};
    struct serving serving;
    int fd = SERVE(&serving, "delay 100ms");
    struct sl_net_held held = {0};

    send_text(fd, "a");
    while (held.messages == 0) {
        usleep(1000);
        sl_net_held(serving.net, &held);
    }
    rules_set(&none, &serving, 0);
    wait_until_in_force(&serving);
    expect_text(fd, "A");
    assert_non_null(strstr(note(&serving, 1), "\"rule\":\"x\",\"text\":\"delay 100ms\""));
    close(fd);
    serving_free(&serving);
}

#include "unit.h"

#include <stdlib.h>

#include "socklens/clock.h"
#include "socklens/filter.h"

/* A record as the journal makes them, each in memory of exactly its size. */
static struct sl_record *record_of(const char *received, const char *sent)
{
    size_t received_size = strlen(received), sent_size = sent ? strlen(sent) : 0;
    struct sl_record *record = malloc(sizeof(*record) + received_size + sent_size);
    *record = (struct sl_record){
        .kind = SL_RECORD_EXCHANGE,
        .exchange.service = SL_TCP_UPPER,
        .exchange.outcome = sent ? SL_REPLIED : SL_PEER_GONE,
        .exchange.client = 5,
        .exchange.received_at_ns = 1000,
        .exchange.received_size = received_size,
        .exchange.sent_size = sent_size,
        .exchange.received_stored = (uint32_t)received_size,
        .exchange.sent_stored = (uint32_t)sent_size,
    };
    memcpy(record->payload, received, received_size);
    if (sent_size > 0)
        memcpy(record->payload + received_size, sent, sent_size);
    return record;
}

static bool match_and_free(const struct sl_filter *filter, struct sl_record *record)
{
    bool matches = sl_filter_match(filter, record);
    free(record);
    return matches;
}

static bool matches_text(const char *text, const char *received, const char *sent)
{
    struct sl_filter filter = {0};
    assert_int_equal(sl_buffer_append_text(&filter.text, text), 0);
    bool matches = match_and_free(&filter, record_of(received, sent));
    sl_filter_deinit(&filter);
    return matches;
}

static bool matches_bytes(const uint8_t *bytes, size_t size, const char *received, const char *sent)
{
    struct sl_filter filter = {0};
    assert_int_equal(sl_buffer_append(&filter.bytes, bytes, size), 0);
    bool matches = match_and_free(&filter, record_of(received, sent));
    sl_filter_deinit(&filter);
    return matches;
}

TEST(peers_are_lists_with_exceptions)
{
    struct sl_record *record = record_of("x", "X");
    bool has_port;

    assert_true(sl_address_parse("192.0.2.7:1600", &record->exchange.peer, &has_port));
    static const struct {
        const char *address;
        uint64_t client;
        uint16_t port;
        bool is_it;
    } cases[] = {
        {"192.0.2.7", 5, 1600, true},       {"192.0.2.7:1600", 5, 1600, true},
        {"192.0.2.8", 6, 1601, false},      {"192.0.2.7:1601", 6, 16, false},
        {"[::1]:1600", 50525, 1599, false}, {"unix:", 4, 65535, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_filter_peers kinds[3] = {
            {.client_count = 2, .clients = {99, cases[i].client}},
            {.port_count = 2, .ports = {99, cases[i].port}},
            {.address_count = 1},
        };
        struct sl_filter_address *address = &kinds[2].addresses[0];

        assert_true(sl_address_parse(cases[i].address, &address->ip, &address->by_port));
        for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
            struct sl_filter only = {.only = kinds[kind]}, without = {.without = kinds[kind]};

            assert_int_equal(sl_filter_match(&only, record), cases[i].is_it);
            assert_int_equal(sl_filter_match(&without, record), !cases[i].is_it);
        }
    }
    free(record);
}

TEST(sizes_are_of_one_side_or_the_longer)
{
    static const struct {
        struct sl_filter filter;
        bool matches;
    } cases[] = {
        {{.received = {.min = 2}}, true},  {{.received = {.min = 3}}, false},
        {{.received = {.over = 3}}, true}, {{.received = {.over = 2}}, false},
        {{.sent = {.min = 4}}, true},      {{.sent = {.min = 5}}, false},
        {{.sent = {.over = 5}}, true},     {{.sent = {.over = 4}}, false},
        {{.size = {.min = 4}}, true},      {{.size = {.min = 5}}, false},
        {{.size = {.over = 5}}, true},     {{.size = {.over = 4}}, false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(match_and_free(&cases[i].filter, record_of("ab", "abcd")),
                         cases[i].matches);
}

TEST(nothing_asked_matches_every_exchange)
{
    struct sl_filter filter = {0};
    assert_true(match_and_free(&filter, record_of("hello", "HELLO")));
    assert_true(match_and_free(&filter, record_of("", NULL)));
    assert_true(match_and_free(&filter, record_of("", "")));
}

TEST(client_events_match_by_their_client)
{
    static const struct sl_filter none = {.services = 1u << SL_TCP_CHAT};
    static const struct sl_filter all = {
        .services = 1u << SL_TCP_UPPER, .outcomes = 1u << SL_SEND_FAILED, .since_ns = INT64_MAX};

    for (unsigned kind = SL_RECORD_OPENED; kind <= SL_RECORD_CLOSED; kind++) {
        struct sl_record *record = record_of("hello", "HELLO");

        record->kind = (uint8_t)kind;
        assert_true(sl_filter_match(&all, record));
        assert_false(match_and_free(&none, record));
    }
}

TEST(services_and_outcomes_are_sets)
{
    for (unsigned wanted = 0; wanted < 1u << SL_SERVICE_COUNT; wanted++) {
        struct sl_filter filter = {.services = wanted};
        for (unsigned service = 0; service < SL_SERVICE_COUNT; service++) {
            struct sl_record *record = record_of("x", "X");
            record->exchange.service = (uint8_t)service;
            assert_int_equal(sl_filter_match(&filter, record),
                             wanted == 0 || (wanted & 1u << service));
            filter = (struct sl_filter){.services_not = wanted};
            assert_int_equal(match_and_free(&filter, record), !(wanted & 1u << service));
            filter = (struct sl_filter){.services = wanted};
        }
    }
    for (unsigned first = 0; first < SL_OUTCOME_COUNT; first++) {
        struct sl_filter filter = {.outcomes = 1u << first | 1u << SL_UNFINISHED};
        for (unsigned outcome = 0; outcome < SL_OUTCOME_COUNT; outcome++) {
            struct sl_record *record = record_of("x", "X");
            record->exchange.outcome = (uint8_t)outcome;
            assert_int_equal(match_and_free(&filter, record),
                             outcome == first || outcome == SL_UNFINISHED);
        }
    }
}

TEST(one_of_several_faults_is_enough)
{
    enum { LOSS = 1, DELAY = 16, NONE = 0 };
    static const struct {
        struct sl_filter filter;
        uint16_t faults;
        bool matches;
    } cases[] = {
        {{.faults = LOSS}, LOSS | DELAY, true},
        {{.faults = LOSS}, DELAY, false},
        {{.faults = LOSS}, NONE, false},
        {{.faults = LOSS | SL_FILTER_NO_FAULT}, NONE, true},
        {{.faults = SL_FILTER_NO_FAULT}, LOSS, false},
        {{.faults = UINT16_MAX}, DELAY, true},
        {{.faults = UINT16_MAX}, NONE, false},
        {{.faults_not = LOSS}, LOSS | DELAY, false},
        {{.faults_not = LOSS}, DELAY, true},
        {{.faults_not = LOSS}, NONE, true},
        {{.faults_not = SL_FILTER_NO_FAULT}, NONE, false},
        {{.faults_not = SL_FILTER_NO_FAULT}, DELAY, true},
        {{.faults_not = UINT16_MAX}, DELAY, false},
        {{.faults = DELAY, .faults_not = LOSS}, LOSS | DELAY, false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_record *record = record_of("x", "X");

        record->exchange.fault_bits = cases[i].faults;
        assert_int_equal(match_and_free(&cases[i].filter, record), cases[i].matches);
    }
}

TEST(a_single_miss_is_named)
{
    static const struct {
        const char *name, *value;
        enum sl_filter_term term;
    } cases[] = {
        {"service", "udp-upper", SL_TERM_service},
        {"service_not", "tcp-upper", SL_TERM_service_not},
        {"client", "6,7", SL_TERM_client},
        {"client_not", "5", SL_TERM_client_not},
        {"address", "192.0.2.8", SL_TERM_address},
        {"address_not", "192.0.2.7", SL_TERM_address_not},
        {"port", "1601", SL_TERM_port},
        {"port_not", "1600", SL_TERM_port_not},
        {"outcome", "lost", SL_TERM_outcome},
        {"outcome_not", "replied", SL_TERM_outcome_not},
        {"fault", "any", SL_TERM_fault},
        {"fault_not", "none", SL_TERM_fault_not},
        {"after", "7", SL_TERM_after},
        {"since", "now", SL_TERM_since},
        {"until", "1970-01-01T00:00:00.000001Z", SL_TERM_until},
        {"min_size", "5", SL_TERM_min_size},
        {"max_size", "3", SL_TERM_max_size},
        {"min_received", "3", SL_TERM_min_received},
        {"max_received", "1", SL_TERM_max_received},
        {"min_sent", "5", SL_TERM_min_sent},
        {"max_sent", "3", SL_TERM_max_sent},
        {"text", "x", SL_TERM_text},
        {"hex", "00", SL_TERM_hex},
    };
    struct sl_record *record = record_of("ab", "abcd");
    struct sl_filter several = {0};
    struct sl_error error;
    const char *allowed;
    bool has_port;

    assert_true(sl_address_parse("192.0.2.7:1600", &record->exchange.peer, &has_port));
    record->seq = 7;
    assert_int_equal(COUNT_OF(cases), SL_TERM_SEVERAL - 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_filter filter = {0};

        assert_int_equal(sl_filter_miss(&filter, record), SL_TERM_NONE);
        assert_int_equal(sl_filter_set(&filter, cases[i].name, cases[i].value, &error, &allowed),
                         0);
        assert_int_equal(sl_filter_miss(&filter, record), cases[i].term);
        assert_false(sl_filter_match(&filter, record));
        sl_filter_deinit(&filter);
    }
    several.outcomes = 1u << SL_LOST;
    several.services = 1u << SL_UDP_UPPER;
    assert_int_equal(sl_filter_miss(&several, record), SL_TERM_SEVERAL);
    free(record);
}

TEST(a_client_is_one)
{
    struct sl_filter filter = {.only = {.client_count = 1, .clients = {5}}};
    assert_true(match_and_free(&filter, record_of("x", "X")));
    filter.only.clients[0] = 6;
    assert_false(match_and_free(&filter, record_of("x", "X")));
    filter.only.clients[0] = 5 + (UINT64_C(1) << 32);
    assert_false(match_and_free(&filter, record_of("x", "X")));
}

TEST(times_are_from_and_before)
{
    static const struct {
        int64_t since, until;
        bool matches;
    } cases[] = {{1000, 0, true},   {1001, 0, false},   {999, 0, true},     {0, 1000, false},
                 {0, 1001, true},   {0, 999, false},    {1000, 1001, true}, {1000, 1000, false},
                 {0, 0, true},      {2000, 500, false}, {-5, 0, true},      {0, -5, false},
                 {999, 1000, false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_filter filter = {.since_ns = cases[i].since, .until_ns = cases[i].until};
        assert_int_equal(match_and_free(&filter, record_of("x", "X")), cases[i].matches);
    }
}

TEST(one_side_of_the_size_is_enough)
{
    struct sl_filter filter = {.size = {.min = 3}};
    assert_true(match_and_free(&filter, record_of("abc", "")));
    assert_true(match_and_free(&filter, record_of("ab", "abc")));
    assert_false(match_and_free(&filter, record_of("ab", "ab")));
    assert_false(match_and_free(&filter, record_of("", NULL)));

    /* The wire counts, not what was kept of it. */
    struct sl_record *cut = record_of("ab", NULL);
    cut->exchange.received_size = UINT64_C(1) << 33;
    filter.size.min = UINT64_C(1) << 33;
    assert_true(match_and_free(&filter, cut));
}

TEST(text_is_found_in_either_side_in_any_case)
{
    static const struct {
        const char *text, *received, *sent;
        bool found;
    } cases[] = {
        {"hello", "say Hello there", NULL, true},
        {"HELLO", "say hello", NULL, true},
        {"hello", "", "HELLO", true},
        {"hello", "hell", "o", false}, /* not over the seam between the sides */
        {"hello", "hell", "ohello", true},
        {"hello", "hell", NULL, false},
        {"o", "o", NULL, true},
        {"lo", "hello", "", true},
        {"he", "hello", "", true},
        {"aab", "aaab", "", true},
        {"x", "", "", false},
        {"[", "{", "", false}, /* 0x20 apart, but no letters */
        {"@", "`", "", false},
        {"straße", "eine STRASSE", "", false},
        {"straße", "eine Straße", "", true},
        {"ß", "\xc3\x9f", "", true},
        {"É", "é", "", false}, /* ASCII letters only */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (matches_text(cases[i].text, cases[i].received, cases[i].sent) != cases[i].found)
            fail_msg("'%s' in '%s' or '%s'", cases[i].text, cases[i].received,
                     cases[i].sent ? cases[i].sent : "none");
    }
}

static bool is_at(const char *text, const char *in)
{
    for (; *text; text++, in++) {
        if ((*text | 0x20) != (*in | 0x20))
            return false;
    }
    return true;
}

/* Letters only. */
static bool is_in(const char *text, const char *in)
{
    for (size_t i = 0; i + strlen(text) <= strlen(in); i++) {
        if (is_at(text, in + i))
            return true;
    }
    return false;
}

static void fill(char *text, size_t size, unsigned letters, unsigned *seed)
{
    for (size_t i = 0; i < size; i++) {
        *seed = *seed * 1103515245u + 12345u;
        text[i] = (char)((*seed >> 16 & 1 ? 'a' : 'A') + (int)((*seed >> 20) % letters));
    }
    text[size] = '\0';
}

/* All texts of up to seven letters, and long ones with periods, in payloads of few letters. */
TEST(repetitive_texts_are_found_where_a_plain_search_finds_them)
{
    char text[32], payload[64];
    unsigned seed = 1, found = 0;
    for (unsigned round = 0; round < 60000; round++) {
        size_t size = 1 + round % 24;
        fill(text, size, 1 + round % 3, &seed);
        for (size_t i = 1 + round % 5; i < size && round % 2; i++)
            text[i] = text[i % (1 + round % 5)];
        fill(payload, round % 60, 1 + round / 3 % 3, &seed);
        if (round % 4 == 0 && size + 20 < sizeof(payload))
            memcpy(payload + strlen(payload) / 2, text, size + 1);
        if (matches_text(text, payload, NULL) != is_in(text, payload))
            fail_msg("'%s' in '%s'", text, payload);
        found += is_in(text, payload);
    }
    assert_true(found > 10000 && found < 50000);
}

static void set_hostile(char *text, size_t size, unsigned form)
{
    memset(text, 'a', size);
    if (form < 3)
        text[form == 0 ? size - 1 : form == 1 ? 0 : size / 2] = 'b';
    for (size_t i = 0; i < size && form == 3; i += 2) /* abab...c */
        text[i] = 'b';
    if (form == 3)
        text[size - 1] = 'c';
    text[size] = '\0';
}

/* By the product of the lengths this would be minutes. */
TEST(a_search_takes_time_by_the_sum_of_the_lengths)
{
    static char payload[SL_STORED_SIZE_MAX + 1], text[32769];
    int64_t began_ns = sl_clock_mono_ns();
    for (size_t size = 2; size < sizeof(text); size *= 2) {
        for (unsigned form = 0; form < 4; form++) {
            set_hostile(text, size, form);
            memset(payload, 'A', sizeof(payload) - 1);
            for (size_t i = 0; i < sizeof(payload) - 1 && form == 3; i += 2)
                payload[i] = 'b';
            for (unsigned i = 0; i < 8; i++) {
                assert_false(matches_text(text, payload, NULL));
                assert_false(matches_bytes((uint8_t *)text, size, payload, NULL));
            }
        }
    }
    assert_true(sl_clock_mono_ns() - began_ns < 20 * SL_NS_PER_S);
}

TEST(bytes_are_found_exactly)
{
    assert_true(matches_bytes(BYTES("ell"), "hello", NULL));
    assert_true(matches_bytes(BYTES("ELL"), "hello", "HELLO"));
    assert_false(matches_bytes(BYTES("Ell"), "hello", "HELLO"));
    assert_false(matches_bytes(BYTES("oH"), "hello", "HELLO"));
    assert_false(matches_bytes(BYTES("hello!"), "hello", "HELLO"));
    assert_true(matches_bytes(BYTES("hello"), "hello", "HELLO"));
    assert_true(matches_bytes(BYTES("\xff\xfe"), "a\xff\xfe", NULL));
    assert_false(matches_bytes(BYTES("a\0"), "a", NULL));
    assert_false(matches_bytes(BYTES("a"), "", ""));
}

TEST(all_that_is_asked_must_hold)
{
    struct sl_filter filter = {
        .services = 1u << SL_TCP_UPPER,
        .outcomes = 1u << SL_REPLIED,
        .only = {.client_count = 1, .clients = {5}},
        .since_ns = 1000,
        .until_ns = 1001,
        .size = {.min = 5},
    };
    assert_int_equal(sl_buffer_append_text(&filter.text, "hel"), 0);
    assert_int_equal(sl_buffer_append_text(&filter.bytes, "LLO"), 0);
    assert_true(match_and_free(&filter, record_of("hello", "HELLO")));
    assert_false(match_and_free(&filter, record_of("hello", NULL)));
    assert_false(match_and_free(&filter, record_of("help!", "HELP!")));
    struct sl_record *other = record_of("hello", "HELLO");
    other->exchange.service = SL_TCP_CHAT;
    assert_false(match_and_free(&filter, other));

    sl_filter_deinit(&filter);
    assert_null(filter.text.data);
    assert_int_equal(filter.only.client_count, 0);
    assert_true(match_and_free(&filter, record_of("help!", NULL)));
}

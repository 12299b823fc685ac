/* A journal and a registry with one listener, and ways to fill them. */
#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include "unit.h"

#include <stdio.h>

#include "socklens/journal.h"
#include "socklens/registry.h"

struct fixture {
    struct sl_journal *journal;
    struct sl_registry *registry;
};

static inline struct fixture fixture_new_of(size_t journal_size)
{
    struct sl_registry_options options = {.shards = 2, .closed_max = 4, .first_client = 1};
    struct sl_listener_info info = {.transport = SL_UDP, .name = "127.0.0.1:12000"};
    struct fixture fixture = {sl_journal_new(journal_size, 1), sl_registry_new(&options)};

    assert_non_null(fixture.journal);
    assert_non_null(fixture.registry);
    assert_int_equal(sl_registry_add_listener(fixture.registry, &info), 0);
    return fixture;
}

/* The smallest journal: 4 MiB. */
static inline struct fixture fixture_new(void)
{
    return fixture_new_of(0);
}

static inline void fixture_free(struct fixture *fixture)
{
    sl_journal_free(fixture->journal);
    sl_registry_free(fixture->registry);
}

/* One exchange of client `client` with `size` bytes of text, and the opening of a client before
 * it, which readers of messages must pass over. */
static inline void fixture_append(struct fixture *fixture, uint64_t client, size_t size)
{
    static uint8_t text[SL_STORED_SIZE_MAX];
    struct sl_event events[2] = {
        {.kind = SL_RECORD_OPENED, .exchange.client = client},
        {.kind = SL_RECORD_EXCHANGE,
         .exchange.client = client,
         .received = text,
         .sent = text,
         .exchange.received_stored = (uint32_t)size,
         .exchange.sent_stored = (uint32_t)size,
         .exchange.received_size = size,
         .exchange.sent_size = size,
         .exchange.received_at_ns = 1000,
         .exchange.replied_at_ns = 3000},
    };

    memset(text, 'a', size);
    sl_journal_append(fixture->journal, events, 2);
}

static inline void fixture_fill(struct fixture *fixture, unsigned count, size_t size)
{
    for (unsigned i = 0; i < count; i++)
        fixture_append(fixture, i % 2 + 1, size);
}

static inline struct sl_journal_stats fixture_stats(struct fixture *fixture)
{
    struct sl_journal_stats stats;

    sl_journal_stats(fixture->journal, &stats);
    return stats;
}

/* Writes the "seq" members found in `text`, in order, to `seqs`, and returns their number. */
static inline size_t seqs_in(const char *text, uint64_t *seqs, size_t capacity)
{
    size_t count = 0;

    while ((text = strstr(text, "{\"seq\":")) && count < capacity) {
        unsigned long long seq = 0;

        assert_int_equal(sscanf(text, "{\"seq\":%llu", &seq), 1);
        seqs[count++] = seq;
        text++;
    }
    return count;
}

#endif

/* Writers, followers and seekers at once, over a journal so small that it evicts all the time. What
 * a thread finds wrong it writes down; the asserts are the main thread's. */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "socklens/journal.h"

#define WRITERS     2
#define FOLLOWERS   4
#define SEEKERS     2
#define BATCHES     5000 /* a writer */
#define BATCH_MAX   16
#define PAYLOAD_MAX 65000

struct stage {
    struct sl_journal *journal;
    _Atomic unsigned writing;
    uint8_t pattern[PAYLOAD_MAX + 256];
};

struct writer {
    pthread_t thread;
    struct stage *stage;
    unsigned number;
    uint64_t written;
};

enum manner { SLEEPS, PARKS, SPINS };

struct follower {
    pthread_t thread;
    struct stage *stage;
    enum manner manner;
    uint64_t read, missed, next_seq;
    uint64_t last_of[WRITERS]; /* of each writer's own count */
    char problem[128];
};

/* The n-th exchange of a writer: everything in it follows from the two numbers. */
static struct sl_event nth_event(const struct stage *stage, unsigned writer, uint64_t n)
{
    uint32_t limit = n % 8 == 0 ? PAYLOAD_MAX : PAYLOAD_MAX / 100;
    uint32_t size = (uint32_t)((n * 2654435761u + writer) % limit);
    return (struct sl_event){
        .kind = SL_RECORD_EXCHANGE,
        .exchange.listener = (uint16_t)writer,
        .exchange.client = n,
        .received = stage->pattern + n % 251,
        .exchange.received_stored = size,
        .exchange.received_size = size,
    };
}

static bool is_as_written(const struct stage *stage, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    if (record->kind != SL_RECORD_EXCHANGE)
        return exchange->received_stored == 0;
    struct sl_event event = nth_event(stage, exchange->listener, exchange->client);
    return exchange->received_stored == event.exchange.received_stored &&
           memcmp(sl_record_received(record), event.received, event.exchange.received_stored) == 0;
}

static void *write_batches(void *argument)
{
    struct writer *writer = argument;
    uint64_t random = writer->number + 1;
    for (int batch = 0; batch < BATCHES; batch++) {
        struct sl_event events[BATCH_MAX];
        size_t count = 1 + next_random(&random) % BATCH_MAX;
        for (size_t i = 0; i < count; i++) {
            if (next_random(&random) % 8 == 0)
                events[i] = (struct sl_event){.kind = SL_RECORD_OPENED};
            else
                events[i] = nth_event(writer->stage, writer->number, ++writer->written);
        }
        sl_journal_append(writer->stage->journal, events, count);
        if (batch % 64 == 0)
            sched_yield();
    }
    atomic_fetch_sub(&writer->stage->writing, 1);
    return NULL;
}

static void check_record(struct follower *follower, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    if (!is_as_written(follower->stage, record))
        snprintf(follower->problem, sizeof(follower->problem), "record %llu was changed",
                 (unsigned long long)record->seq);
    if (record->seq != follower->next_seq)
        snprintf(follower->problem, sizeof(follower->problem), "read %llu, not %llu",
                 (unsigned long long)record->seq, (unsigned long long)follower->next_seq);
    if (record->kind != SL_RECORD_EXCHANGE)
        return;
    follower->read++;
    follower->next_seq++;
    uint64_t *last = &follower->last_of[exchange->listener];
    if (exchange->client <= *last || (follower->missed == 0 && exchange->client != *last + 1))
        snprintf(follower->problem, sizeof(follower->problem), "writer %u: %llu after %llu",
                 exchange->listener, (unsigned long long)exchange->client,
                 (unsigned long long)*last);
    *last = exchange->client;
}

static void check_gap(struct follower *follower, const struct sl_gap *gap)
{
    if (gap->from != follower->next_seq || gap->to < gap->from)
        snprintf(follower->problem, sizeof(follower->problem), "gap %llu to %llu at %llu",
                 (unsigned long long)gap->from, (unsigned long long)gap->to,
                 (unsigned long long)follower->next_seq);
    follower->missed += gap->to - gap->from + 1;
    follower->next_seq = gap->to + 1;
}

static void read_to_end(struct follower *follower, struct sl_cursor *cursor)
{
    for (;;) {
        const struct sl_record *record;
        struct sl_gap gap;
        switch (sl_cursor_next(cursor, &record, &gap)) {
        case SL_READ_RECORD:
            check_record(follower, record);
            break;
        case SL_READ_GAP:
            check_gap(follower, &gap);
            break;
        case SL_READ_END:
            return;
        }
    }
}

/* As journal.h tells a follower to: nothing that comes between the last read and the poll may leave
 * it asleep. */
static void sleep_for_more(struct follower *follower, struct sl_cursor *cursor,
                           struct sl_waker *waker)
{
    sl_waker_arm(waker);
    uint64_t before = follower->next_seq;
    read_to_end(follower, cursor);
    if (follower->next_seq != before || atomic_load(&follower->stage->writing) == 0)
        return;
    struct pollfd fd = {.fd = sl_waker_fd(waker), .events = POLLIN};
    if (poll(&fd, 1, 60 * 1000) == 0 && atomic_load(&follower->stage->writing) > 0)
        snprintf(follower->problem, sizeof(follower->problem), "slept for a minute");
}

static void *follow(void *argument)
{
    struct follower *follower = argument;
    struct sl_journal *journal = follower->stage->journal;
    struct sl_waker *waker = follower->manner == SLEEPS ? sl_waker_new(journal) : NULL;
    struct sl_cursor cursor = {0};
    bool more = true;
    follower->next_seq = 1;
    sl_cursor_seek(&cursor, journal, 1);
    while (more) {
        more = atomic_load(&follower->stage->writing) > 0;
        read_to_end(follower, &cursor);
        if (more && waker)
            sleep_for_more(follower, &cursor, waker);
        else if (follower->manner == PARKS)
            sl_cursor_park(&cursor);
        if (!waker)
            sched_yield();
    }
    sl_cursor_close(&cursor);
    sl_waker_free(waker);
    return NULL;
}

/* What a page of the API does: back and forth from anywhere. */
static void look_around(struct follower *seeker, struct sl_cursor *cursor, uint64_t *random)
{
    struct sl_journal_stats stats;
    sl_journal_stats(seeker->stage->journal, &stats);
    if (stats.newest_seq == 0)
        return;
    uint64_t seq = 1 + next_random(random) % stats.newest_seq;
    sl_cursor_seek(cursor, seeker->stage->journal, seq);
    seeker->next_seq = seq;
    for (int i = 0; i < 30; i++) {
        const struct sl_record *record;
        struct sl_gap gap;
        if (sl_cursor_previous(cursor, &record) != SL_READ_RECORD)
            break;
        if (record->seq != seeker->next_seq - (record->kind == SL_RECORD_EXCHANGE) ||
            !is_as_written(seeker->stage, record))
            snprintf(seeker->problem, sizeof(seeker->problem), "back at %llu stood %llu",
                     (unsigned long long)seeker->next_seq, (unsigned long long)record->seq);
        seeker->next_seq = record->seq;
        if (i % 3 == 0 && (sl_cursor_next(cursor, &record, &gap) != SL_READ_RECORD ||
                           sl_cursor_previous(cursor, &record) != SL_READ_RECORD))
            snprintf(seeker->problem, sizeof(seeker->problem), "no way back");
        seeker->read++;
    }
}

static void *seek(void *argument)
{
    struct follower *seeker = argument;
    struct sl_cursor cursor = {0};
    uint64_t random = 7;
    while (atomic_load(&seeker->stage->writing) > 0) {
        look_around(seeker, &cursor, &random);
        sched_yield();
    }
    sl_cursor_close(&cursor);
    return NULL;
}

TEST(every_follower_sees_everything_once_or_a_gap)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    stage->journal = sl_journal_new(0, 1);
    atomic_init(&stage->writing, WRITERS);
    for (size_t i = 0; i < sizeof(stage->pattern); i++)
        stage->pattern[i] = (uint8_t)(i * 31 + i / 256);
    struct writer writers[WRITERS] = {0};
    struct follower followers[FOLLOWERS] = {
        {.manner = SLEEPS}, {.manner = SLEEPS}, {.manner = PARKS}, {.manner = SPINS}};
    struct follower seekers[SEEKERS] = {0};
    for (size_t i = 0; i < FOLLOWERS; i++) {
        followers[i].stage = stage;
        assert_int_equal(pthread_create(&followers[i].thread, NULL, follow, &followers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].stage = stage;
        writers[i].number = i;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_batches, &writers[i]), 0);
    }
    for (size_t i = 0; i < SEEKERS; i++) {
        seekers[i].stage = stage;
        assert_int_equal(pthread_create(&seekers[i].thread, NULL, seek, &seekers[i]), 0);
    }

    uint64_t written = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        written += writers[i].written;
    }
    /* A sleeper may have armed its waker after the last append. */
    struct sl_event last = {.kind = SL_RECORD_OPENED};
    sl_journal_append(stage->journal, &last, 1);
    for (size_t i = 0; i < FOLLOWERS; i++) {
        pthread_join(followers[i].thread, NULL);
        assert_string_equal(followers[i].problem, "");
        assert_int_equal(followers[i].read + followers[i].missed, written);
        assert_int_equal(followers[i].next_seq, written + 1);
        assert_true(followers[i].read > 0);
    }
    for (size_t i = 0; i < SEEKERS; i++) {
        pthread_join(seekers[i].thread, NULL);
        assert_string_equal(seekers[i].problem, "");
    }
    struct sl_journal_stats stats;
    sl_journal_stats(stage->journal, &stats);
    assert_int_equal(stats.newest_seq, written);
    assert_int_equal(stats.oldest_seq, stats.evicted + 1);
    assert_true(stats.evicted > 0);
    sl_journal_free(stage->journal);
    free(stage);
}

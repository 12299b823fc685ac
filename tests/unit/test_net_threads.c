/* Workers at work while readers look at everything and an operator disconnects at random: nothing
 * may be lost, counted twice or seen half done. For the thread sanitizer above all. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving.h"

#define TALKERS 3
#define ROUNDS  150

struct stage {
    struct serving serving;
    struct sl_address udp, chat;
    _Atomic unsigned talking;
};

struct talker {
    pthread_t thread;
    struct stage *stage;
    uint64_t datagrams, lines, cut;
};

static bool ask(int fd, const char *text, const char *reply)
{
    char got[64];
    size_t wanted = strlen(reply), size = 0;
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        return false;
    while (size < wanted) {
        ssize_t count = recv(fd, got + size, sizeof(got) - size, 0);
        if (count <= 0)
            return false;
        size += (size_t)count;
    }
    return size == wanted && memcmp(got, reply, wanted) == 0;
}

/* Datagrams always come back; a connection may be cut by the operator. */
static void *talk(void *argument)
{
    struct talker *talker = argument;
    for (int round = 0; round < ROUNDS; round++) {
        int udp = connect_datagram(NULL, &talker->stage->udp);
        int chat = connect_stream(&talker->stage->chat);
        for (int i = 0; i < 5; i++) {
            talker->datagrams += ask(udp, "hello", "HELLO");
            if (chat >= 0 && !ask(chat, "hello\n", "Your data was 5 bytes\n")) {
                talker->cut++;
                close(chat);
                chat = -1;
            }
            talker->lines += chat >= 0;
        }
        if (chat >= 0)
            close(chat);
        close(udp);
    }
    atomic_fetch_sub(&talker->stage->talking, 1);
    return NULL;
}

static bool look(void *context, const struct sl_client_view *view)
{
    uint64_t *wrong = context;
    const struct sl_counters *counters = &view->counters;
    uint64_t size = view->transport == SL_UDP ? 5 : 6; /* of a line with its end */
    *wrong += counters->received_bytes != size * counters->received_messages;
    *wrong += view->id == 0 || view->opened_at_ns == 0;
    return true;
}

static void *read_everything(void *argument)
{
    struct stage *stage = argument;
    uint64_t *wrong = calloc(1, sizeof(*wrong)), id = 1;
    while (atomic_load(&stage->talking) > 0) {
        struct sl_client_view views[50];
        struct sl_registry_totals totals;
        struct sl_listener_counters counters;
        sl_registry_walk(stage->serving.registry, true, true, look, wrong);
        sl_registry_changed(stage->serving.registry, sl_clock_wall_ns() - SL_NS_PER_S, views,
                            COUNT_OF(views));
        sl_registry_totals(stage->serving.registry, &totals);
        sl_registry_listener_counters(stage->serving.registry, 0, &counters);
        for (int i = 0; i < 50; i++)
            sl_registry_get(stage->serving.registry, id++ % 1000, &views[0]);
        sl_net_disconnect(stage->serving.net, totals.closed + totals.open);
    }
    return wrong;
}

/* Every exchange once and in order, of clients that are open then. */
static void *follow(void *argument)
{
    struct stage *stage = argument;
    uint8_t *open = calloc(100000, 1);
    uint64_t *wrong = calloc(1, sizeof(*wrong)), next = 1;
    struct sl_cursor cursor = {0};
    bool more = true;
    sl_cursor_seek(&cursor, stage->serving.journal, 1);
    while (more) {
        const struct sl_record *record;
        struct sl_gap gap;
        enum sl_read read;
        more = atomic_load(&stage->talking) > 0;
        while ((read = sl_cursor_next(&cursor, &record, &gap)) == SL_READ_RECORD) {
            *wrong += record->seq != next || record->exchange.client >= 100000;
            next += record->kind == SL_RECORD_EXCHANGE;
            *wrong += open[record->exchange.client] != (record->kind != SL_RECORD_OPENED);
            open[record->exchange.client] = record->kind != SL_RECORD_CLOSED;
        }
        *wrong += read == SL_READ_GAP;
        usleep(1000);
    }
    sl_cursor_close(&cursor);
    free(open);
    return wrong;
}

static void assert_right(pthread_t thread)
{
    void *wrong;
    pthread_join(thread, &wrong);
    assert_int_equal(*(uint64_t *)wrong, 0);
    free(wrong);
}

TEST(readers_and_workers_do_not_disturb_each_other)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.workers = 2;
    options.max_udp_clients = 2; /* the least: clients are evicted all the time */
    struct stage stage = {.serving = serving_new(&options)};
    struct talker talkers[TALKERS] = {0};
    pthread_t reader, follower;
    atomic_init(&stage.talking, TALKERS);
    stage.udp = serving_listen(&stage.serving, SL_UDP_UPPER, "127.0.0.1:0");
    stage.chat = serving_listen(&stage.serving, SL_TCP_CHAT, "127.0.0.1:0");
    serving_start(&stage.serving);
    assert_int_equal(pthread_create(&follower, NULL, follow, &stage), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_everything, &stage), 0);
    for (size_t i = 0; i < TALKERS; i++) {
        talkers[i].stage = &stage;
        assert_int_equal(pthread_create(&talkers[i].thread, NULL, talk, &talkers[i]), 0);
    }
    uint64_t datagrams = 0, lines = 0;
    for (size_t i = 0; i < TALKERS; i++) {
        pthread_join(talkers[i].thread, NULL);
        datagrams += talkers[i].datagrams;
        lines += talkers[i].lines;
    }
    assert_right(reader);
    serving_stop(&stage.serving);
    assert_right(follower);
    assert_int_equal(datagrams, TALKERS * ROUNDS * 5);
    struct sl_counters udp = serving_counters(&stage.serving, 0).traffic;
    struct sl_counters chat = serving_counters(&stage.serving, 1).traffic;
    assert_int_equal(udp.received_messages, datagrams);
    assert_int_equal(udp.sent_messages, datagrams);
    assert_true(chat.sent_messages >= lines);
    struct sl_journal_stats stats;
    sl_journal_stats(stage.serving.journal, &stats);
    assert_int_equal(stats.newest_seq, udp.received_messages + chat.received_messages);
    assert_int_equal(serving_counters(&stage.serving, 0).open_clients, 0);
    assert_int_equal(serving_counters(&stage.serving, 1).open_clients, 0);
    serving_free(&stage.serving);
}

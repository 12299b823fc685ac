/* A journal, a registry and a store on a file in a folder of its own. */
#ifndef STORE_ROOM_H
#define STORE_ROOM_H

#include "unit.h"

#include <dirent.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/store.h"

struct room {
    char folder[64], path[96];
    struct sl_retention retention;
    size_t journal_size;
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_store *store;
    struct sl_store_reader *reader;
};

static const struct sl_listener_info room_listeners[] = {
    {.service = SL_UDP_UPPER,
     .transport = SL_UDP,
     .address = {.family = AF_INET, .port = 12000, .ip = {127, 0, 0, 1}},
     .name = "127.0.0.1:12000"},
    {.service = SL_TCP_CHAT,
     .transport = SL_TCP,
     .address = {.family = AF_INET6, .port = 1060, .ip = {[15] = 1}},
     .name = "[::1]:1060"},
};

/* Steps of a start, so that a test can look in between. */

static inline int room_open(struct room *room, struct sl_error *error)
{
    struct sl_store_options options = {.path = room->path, .retention = room->retention};

    return sl_store_open(&options, NULL, &room->store, error);
}

static inline void room_start(struct room *room)
{
    struct sl_registry_options options = {
        .shards = 1, .closed_max = 1, .first_client = sl_store_next_client(room->store)};
    struct sl_error error;

    room->journal = sl_journal_new(room->journal_size, sl_store_next_seq(room->store));
    room->registry = sl_registry_new(&options);
    for (size_t i = 0; i < COUNT_OF(room_listeners); i++)
        sl_registry_add_listener(room->registry, &room_listeners[i]);
    assert_int_equal(sl_store_start(room->store, room->journal, room->registry, &error), 0);
}

static inline void room_begin(struct room *room)
{
    struct sl_error error = {""};

    if (room_open(room, &error) < 0)
        fail_msg("%s", error.text);
    room_start(room);
}

/* The clean end of a run. */
static inline void room_end(struct room *room)
{
    sl_store_reader_close(room->reader);
    sl_store_free(room->store);
    sl_journal_free(room->journal);
    sl_registry_free(room->registry);
    room->reader = NULL;
    room->store = NULL;
    room->journal = NULL;
    room->registry = NULL;
}

static inline int room_set_up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));

    strcpy(room->folder, "/tmp/socklens-store-XXXXXX");
    if (!mkdtemp(room->folder))
        return -1;
    snprintf(room->path, sizeof(room->path), "%s/messages.db", room->folder);
    *state = room;
    return 0;
}

static inline int room_tear_down(void **state)
{
    struct room *room = *state;
    DIR *folder = opendir(room->folder);

    room_end(room);
    for (struct dirent *entry; (entry = readdir(folder));)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(room->folder);
    free(room);
    return 0;
}

/* How many files of the folder have this in their name. */
static inline int room_count_files(const struct room *room, const char *part)
{
    DIR *folder = opendir(room->folder);
    int count = 0;

    for (struct dirent *entry; (entry = readdir(folder));)
        count += strstr(entry->d_name, part) != NULL;
    closedir(folder);
    return count;
}

static inline struct sl_event room_event(uint64_t client, const char *text)
{
    return (struct sl_event){
        .kind = SL_RECORD_EXCHANGE,
        .exchange.service = SL_UDP_UPPER,
        .exchange.client = client,
        .exchange.peer = {.family = AF_INET,
                          .port = (uint16_t)(1600 + client),
                          .ip = {127, 0, 0, 1}},
        .exchange.local = room_listeners[0].address,
        .exchange.received_at_ns = sl_clock_wall_ns(),
        .exchange.replied_at_ns = sl_clock_wall_ns() + 9000,
        .received = (const uint8_t *)text,
        .exchange.received_stored = (uint32_t)strlen(text),
        .exchange.received_size = strlen(text),
        .sent = (const uint8_t *)text,
        .exchange.sent_stored = (uint32_t)strlen(text),
        .exchange.sent_size = strlen(text),
    };
}

static inline uint64_t room_append(struct room *room, const char *text)
{
    struct sl_event event = room_event(1, text);

    return sl_journal_append(room->journal, &event, 1);
}

static inline void room_append_many(struct room *room, unsigned count)
{
    char text[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "message %u", i);
        room_append(room, text);
    }
}

static inline struct sl_store_stats room_stats(struct room *room)
{
    struct sl_store_stats stats;

    sl_store_stats(room->store, &stats);
    return stats;
}

/* Until `done` holds, at most a minute: machines that many share stand still for seconds. */
static inline void room_wait(struct room *room, bool (*done)(struct room *room))
{
    int64_t until_ns = sl_clock_mono_ns() + 60 * SL_NS_PER_S;

    while (!done(room)) {
        if (sl_clock_mono_ns() > until_ns)
            fail_msg("waited in vain: %s", room_stats(room).last_error);
        poll(NULL, 0, 2);
    }
}

static inline bool room_is_written(struct room *room)
{
    struct sl_journal_stats stats;

    sl_journal_stats(room->journal, &stats);
    return room_stats(room).newest_seq == stats.newest_seq;
}

static inline struct sl_store_reader *room_reader(struct room *room)
{
    struct sl_error error = {""};

    if (!room->reader)
        room->reader = sl_store_reader_open(room->path, &error);
    if (!room->reader)
        fail_msg("%s", error.text);
    return room->reader;
}

/* A number that an own connection reads from the file. */
static inline int64_t room_number(const struct room *room, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t number;

    assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

static inline void room_exec(const struct room *room, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* What a gateway that is killed leaves: the run has no end and its clients neither. The process
 * lives on here, so the file is copied while the writer sleeps. */
static inline void room_kill(struct room *room)
{
    static const char *const suffixes[] = {"", "-wal"};
    char command[320];

    room_wait(room, room_is_written);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        snprintf(command, sizeof(command), "cp %s%s %s/copy%s", room->path, suffixes[i],
                 room->folder, suffixes[i]);
        assert_int_equal(system(command), 0);
    }
    room_end(room);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        snprintf(command, sizeof(command), "mv %s/copy%s %s%s", room->folder, suffixes[i],
                 room->path, suffixes[i]);
        assert_int_equal(system(command), 0);
    }
}

#define ROOM_TEST(name) TEST_WITH(name, room_set_up, room_tear_down)

#endif

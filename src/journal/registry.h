/* Inside the registry: what the worker's side, the reader's side and the closed clients share. */
#ifndef SOCKLENS_JOURNAL_REGISTRY_H
#define SOCKLENS_JOURNAL_REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>

#include "socklens/registry.h"

#define CHUNK_SIZE 256u
#define NO_CLIENT  UINT32_MAX

/* 176 bytes: with a worker's own this is what an idle connection costs. Links are indices into
 * the shard's chunks, half as large as pointers. */
struct sl_client {
    uint64_t id; /* 0: the place is free */
    uint32_t self;
    uint32_t next_by_id, next_by_address; /* chains of the two hash tables; free list: next_by_id */
    uint32_t newer, older;                /* by time last seen */
    int fd;
    uint16_t listener;
    uint8_t service, transport;
    bool test; /* the server's own datagrams; part of the key, beside the addresses */
    struct sl_address peer, local;
    uint32_t pending;          /* bytes that are not yet a message; UINT32_MAX: or more */
    int64_t pending_since_ns;  /* wall clock */
    int64_t opened_at_ns;      /* wall clock */
    int64_t last_seen_mono_ns; /* shown as wall time by today's difference of the clocks */
    void *user;
    struct sl_counters counters;
};

struct hash_table {
    uint32_t *buckets;
    uint32_t size; /* a power of two, or 0 */
    uint32_t count;
};

struct sl_shard {
    pthread_mutex_t lock;
    struct sl_registry *registry;
    struct sl_client *
        *chunks; /* of CHUNK_SIZE clients each; they never move, a walk relies on it */
    uint32_t chunk_count;
    uint32_t free_list;
    struct hash_table by_id, by_address; /* by_address: UDP only */
    uint32_t newest, oldest;
    size_t open_count;
    struct sl_listener_counters *listeners; /* SL_LISTENERS_MAX */
};

/* Closed clients, a ring: its ids stand apart, so that looking one up reads little memory. */
struct closed_clients {
    pthread_mutex_t lock;
    struct sl_client_view *views;
    uint64_t *ids;
    size_t capacity;
    uint64_t total; /* ever closed; the newest is at (total - 1) % capacity */
};

/* Of test datagrams that the server sends itself and has not read yet. As many at once as are
 * waited for at once (api/api_datagrams.c), and some that ended unread. */
#define TEST_SOURCES_MAX 128

struct test_source {
    struct sl_address from;
    int64_t until_mono_ns; /* 0: none */
};

struct test_sources {
    pthread_mutex_t lock;
    struct test_source items[TEST_SOURCES_MAX];
    size_t next;
    _Atomic int64_t until_mono_ns; /* when the last of them is over; 0: none is expected */
};

struct sl_registry {
    struct sl_listener_info listeners[SL_LISTENERS_MAX];
    size_t listener_count;
    struct sl_shard *shards;
    size_t shard_count;
    _Atomic uint64_t next_client;
    uint64_t hash_key;
    struct closed_clients closed;
    struct test_sources tests;
};

static inline struct sl_client *shard_client(const struct sl_shard *shard, uint32_t index)
{
    if (index == NO_CLIENT)
        return NULL;
    return &shard->chunks[index / CHUNK_SIZE][index % CHUNK_SIZE];
}

/* What a reader sees of an open client; `offset_ns` is wall minus monotonic time, now. */
void sl_client_to_view(const struct sl_client *client, int64_t offset_ns,
                       struct sl_client_view *view);

int sl_closed_clients_init(struct closed_clients *closed, size_t capacity);
void sl_closed_clients_deinit(struct closed_clients *closed);
void sl_closed_clients_add(struct closed_clients *closed, const struct sl_client_view *view);
bool sl_closed_clients_get(struct closed_clients *closed, uint64_t id, struct sl_client_view *view);

uint64_t sl_closed_clients_total(struct closed_clients *closed);

/* Copies up to `count` of the entries from `*place` (0 at first) to before `end`, and moves it on.
 * An entry that was pushed out meanwhile is passed over. Returns their number, 0 at the end. */
size_t sl_closed_clients_read(struct closed_clients *closed, uint64_t *place, uint64_t end,
                              struct sl_client_view *views, size_t count);
size_t sl_closed_clients_changed(struct closed_clients *closed, int64_t since_ns,
                                 struct sl_client_view *views, size_t capacity);

/* Reads TCP_INFO (tcp(7)); valid stays 0 where `fd` is no TCP socket. */
void sl_tcp_info_read(int fd, struct sl_tcp_info *info);

#endif

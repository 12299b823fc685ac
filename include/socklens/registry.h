/* Who is there: listeners and clients with their counters.
 *
 * A shard belongs to one worker, which opens, updates and closes its clients under the shard's
 * lock, once a batch. HTTP walks shards in small locked steps. Ids are unique over all shards and
 * for the life of the log. Closed clients stay in a bounded ring, oldest out first. */
#ifndef SOCKLENS_REGISTRY_H
#define SOCKLENS_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/clock.h"
#include "socklens/exchange.h"

struct sl_registry;
struct sl_shard;

enum sl_transport { SL_UDP, SL_TCP, SL_UNIX };

struct sl_registry_options {
    size_t shards;         /* one per worker */
    size_t closed_max;     /* kept in all, over all shards */
    uint64_t first_client; /* 1 for a new log */
};

struct sl_registry *sl_registry_new(const struct sl_registry_options *options);
void sl_registry_free(struct sl_registry *registry);

/* --- listeners: added before the workers start, constant afterwards --- */

struct sl_listener_info {
    uint8_t service;           /* enum sl_service_id */
    uint8_t transport;         /* enum sl_transport */
    struct sl_address address; /* real port */
    char name[128];            /* "127.0.0.1:12000", "[::1]:12000", "unix:/run/chat" */
};

#define SL_LISTENERS_MAX 256

/* Returns the listener's index, or -ENOSPC over SL_LISTENERS_MAX. */
int sl_registry_add_listener(struct sl_registry *registry, const struct sl_listener_info *info);
size_t sl_registry_listener_count(const struct sl_registry *registry);
const struct sl_listener_info *sl_registry_listener(const struct sl_registry *registry,
                                                    size_t index);

/* Its name; NULL where the index is unknown. */
const char *sl_registry_listener_name(const struct sl_registry *registry, size_t index);

struct sl_listener_counters {
    struct sl_counters traffic;
    uint64_t connections;          /* accepted in all (TCP, Unix) */
    uint64_t rejected_connections; /* closed at once: over a limit */
    uint64_t kernel_drops;         /* datagrams lost before we read them */
    uint64_t open_clients;
};

/* Sums over the shards; any thread. */
void sl_registry_listener_counters(struct sl_registry *registry, size_t index,
                                   struct sl_listener_counters *counters);

/* --- the worker's side: all of these need the shard's lock --- */

struct sl_client; /* opaque outside the registry; owned by it */

struct sl_shard *sl_registry_shard(struct sl_registry *registry, size_t index);
void sl_shard_lock(struct sl_shard *shard);
void sl_shard_unlock(struct sl_shard *shard);

/* NULL where there is no memory. `fd` is the connection (for TCP_INFO), or -1. */
struct sl_client *sl_shard_open(struct sl_shard *shard, uint16_t listener,
                                const struct sl_address *peer, const struct sl_address *local,
                                int fd, const struct sl_time *now);

/* The UDP client with these addresses, or NULL. The server's own test datagrams (`test`) are a
 * client of their own beside a program that uses the same port before or after them. */
struct sl_client *sl_shard_find(struct sl_shard *shard, uint16_t listener,
                                const struct sl_address *peer, const struct sl_address *local,
                                bool test);

/* Any client of this shard by its id, or NULL. */
struct sl_client *sl_shard_find_id(struct sl_shard *shard, uint64_t id);

/* Adds to the client's and its listener's counters and marks the client as seen. */
void sl_shard_count(struct sl_shard *shard, struct sl_client *client,
                    const struct sl_counters *delta, const struct sl_time *now);

/* So many bytes have come that are not yet a message; 0: none. Since when is kept from the first.
 */
void sl_client_set_pending(struct sl_client *client, uint64_t size, const struct sl_time *now);

/* Counters of the listener alone, to be added to. */
struct sl_listener_counters *sl_shard_listener(struct sl_shard *shard, uint16_t listener);

/* Moves the client to the closed ones; reads TCP_INFO from its fd for the last time, so close(2)
 * the fd only after this. Fills *closing for the journal. `client` is gone afterwards. */
void sl_shard_close(struct sl_shard *shard, struct sl_client *client, enum sl_closed_by by,
                    enum sl_close_reason reason, const struct sl_time *now,
                    struct sl_closing *closing);

/* The open client seen longest ago, or NULL: for idle time-outs and eviction. */
struct sl_client *sl_shard_oldest(const struct sl_shard *shard);

/* The next in that order, or NULL. */
struct sl_client *sl_shard_newer(const struct sl_shard *shard, const struct sl_client *client);

size_t sl_shard_open_count(const struct sl_shard *shard);

uint64_t sl_client_id(const struct sl_client *client);
uint16_t sl_client_listener(const struct sl_client *client);
bool sl_client_is_test(const struct sl_client *client);

/* For who has just opened a UDP client: it is the server's own test socket. */
void sl_client_mark_test(struct sl_client *client);
int64_t sl_client_last_seen_mono_ns(const struct sl_client *client);
const struct sl_address *sl_client_peer(const struct sl_client *client);
const struct sl_address *sl_client_local(const struct sl_client *client);

/* The worker's own pointer (its connection), NULL at first. */
void *sl_client_user(const struct sl_client *client);
void sl_client_set_user(struct sl_client *client, void *user);

/* --- the server's own test datagrams: any thread --- */

/* One datagram from `from` is about to be sent by the server itself. Forgotten after five seconds,
 * or where 128 others are announced meanwhile. */
void sl_registry_expect_test(struct sl_registry *registry, const struct sl_address *from);

/* Is a datagram that was read the one announced? It is no longer afterwards, so a listener asks
 * once a datagram; who takes back what never reached a listener may ask, too. Costs one load where
 * none is expected. */
bool sl_registry_take_test(struct sl_registry *registry, const struct sl_address *from);

/* --- the reader's side: any thread, takes the locks itself --- */

struct sl_client_view {
    uint64_t id;
    uint16_t listener;
    uint8_t service, transport;
    bool open;
    bool test;                       /* the server's own test datagrams */
    uint8_t closed_by, close_reason; /* valid where !open */
    struct sl_address peer, local;
    int64_t opened_at_ns, last_seen_at_ns, closed_at_ns; /* wall clock; closed_at_ns 0 where open */
    struct sl_counters counters;
    uint64_t pending;         /* bytes that have come and are not yet a message */
    int64_t pending_since_ns; /* wall clock: the first of them; 0: none */
    struct sl_tcp_info tcp;   /* live where open (one getsockopt), last known where closed */
};

/* False where the id is unknown (or no longer kept). */
bool sl_registry_get(struct sl_registry *registry, uint64_t id, struct sl_client_view *view);

struct sl_registry_totals {
    uint64_t open, closed; /* closed: in all since the start, also those no longer kept */
};

void sl_registry_totals(struct sl_registry *registry, struct sl_registry_totals *totals);

/* Calls `visit` for each open (if `open`) and each remembered closed (if `closed`) client, in no
 * particular order and without TCP_INFO (tcp.valid is 0). Not under a lock: steps of at most 256
 * clients are copied out. A client that opens or closes during the walk may be missed or seen once
 * in either state; each other one is seen exactly once. `visit` returns false to stop. */
void sl_registry_walk(struct sl_registry *registry, bool open, bool closed,
                      bool (*visit)(void *context, const struct sl_client_view *view),
                      void *context);

/* The same in pieces, for who must not be kept that long: at most `chunks` steps from *place
 * (zero-initialise it) onwards. True at the end. */
struct sl_registry_place {
    bool begun;
    size_t shard;
    uint32_t chunk;
    uint64_t closed, closed_end;
};

bool sl_registry_walk_some(struct sl_registry *registry, bool open, bool closed, size_t chunks,
                           struct sl_registry_place *place,
                           bool (*visit)(void *context, const struct sl_client_view *view),
                           void *context);

/* Copies up to `capacity` clients that opened, were counted or closed at or after `since_ns` (wall
 * clock), most recent first per shard and state, without TCP_INFO, and returns how many there were
 * in all (counted to at most 4,096 a shard and state). Costs time in what changed, not in what
 * exists. */
size_t sl_registry_changed(struct sl_registry *registry, int64_t since_ns,
                           struct sl_client_view *views, size_t capacity);

#endif

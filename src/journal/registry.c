/* The worker's side: everything here is O(1) and runs under the shard's lock, which nobody else
 * holds for longer than the copying of 256 clients. */
#include "journal/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/random.h"

#define TABLE_SIZE_MIN 64u

static int shard_init(struct sl_shard *shard, struct sl_registry *registry)
{
    pthread_mutex_init(&shard->lock, NULL);
    shard->registry = registry;
    shard->free_list = shard->newest = shard->oldest = NO_CLIENT;
    shard->listeners = calloc(SL_LISTENERS_MAX, sizeof(*shard->listeners));
    return shard->listeners ? 0 : -ENOMEM;
}

static void shard_deinit(struct sl_shard *shard)
{
    for (uint32_t i = 0; i < shard->chunk_count; i++)
        free(shard->chunks[i]);
    free(shard->chunks);
    free(shard->by_id.buckets);
    free(shard->by_address.buckets);
    free(shard->listeners);
    pthread_mutex_destroy(&shard->lock);
}

struct sl_registry *sl_registry_new(const struct sl_registry_options *options)
{
    struct sl_registry *registry = calloc(1, sizeof(*registry));

    if (!registry)
        return NULL;
    if (sl_closed_clients_init(&registry->closed, options->closed_max) != 0) {
        free(registry);
        return NULL;
    }
    pthread_mutex_init(&registry->tests.lock, NULL);
    atomic_init(&registry->next_client, options->first_client);
    registry->hash_key = sl_random_key();
    registry->shards = calloc(options->shards, sizeof(*registry->shards));
    for (size_t i = 0; registry->shards && i < options->shards; i++) {
        registry->shard_count++;
        if (shard_init(&registry->shards[i], registry) != 0)
            break;
    }
    if (!registry->shards || !registry->shards[options->shards - 1].listeners) {
        sl_registry_free(registry);
        return NULL;
    }
    return registry;
}

void sl_registry_free(struct sl_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->shard_count; i++)
        shard_deinit(&registry->shards[i]);
    free(registry->shards);
    sl_closed_clients_deinit(&registry->closed);
    pthread_mutex_destroy(&registry->tests.lock);
    free(registry);
}

int sl_registry_add_listener(struct sl_registry *registry, const struct sl_listener_info *info)
{
    if (registry->listener_count >= SL_LISTENERS_MAX)
        return -ENOSPC;
    registry->listeners[registry->listener_count] = *info;
    return (int)registry->listener_count++;
}

size_t sl_registry_listener_count(const struct sl_registry *registry)
{
    return registry->listener_count;
}

const struct sl_listener_info *sl_registry_listener(const struct sl_registry *registry,
                                                    size_t index)
{
    return &registry->listeners[index];
}

const char *sl_registry_listener_name(const struct sl_registry *registry, size_t index)
{
    return index < sl_registry_listener_count(registry) ? registry->listeners[index].name : NULL;
}

struct sl_shard *sl_registry_shard(struct sl_registry *registry, size_t index)
{
    return &registry->shards[index];
}

void sl_shard_lock(struct sl_shard *shard)
{
    pthread_mutex_lock(&shard->lock);
}

void sl_shard_unlock(struct sl_shard *shard)
{
    pthread_mutex_unlock(&shard->lock);
}

/* --- the two hash tables ---
 *
 * A client is in both. Chains and buckets are indices of 32 bits and not pointers, since what an
 * idle connection takes is a promise (docs/performance.md); no table of pointers would do here. */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0x9fb21c651e98df25);
    return x ^ x >> 28;
}

/* Peers choose their own addresses, so those are hashed against choice. Ours are few. */
static uint64_t fold(const struct sl_address *local)
{
    uint64_t words[sizeof(*local) / sizeof(uint64_t)];

    memcpy(words, local, sizeof(words));
    return words[0] ^ words[1] ^ words[2];
}

static uint64_t address_hash(const struct sl_shard *shard, uint16_t listener,
                             const struct sl_address *peer, const struct sl_address *local)
{
    return sl_address_hash(peer, shard->registry->hash_key) ^ mix(fold(local) + listener);
}

static uint64_t id_bucket(const struct sl_shard *shard, const struct sl_client *client)
{
    return mix(client->id) & (shard->by_id.size - 1);
}

static uint64_t address_bucket(const struct sl_shard *shard, const struct sl_client *client)
{
    return address_hash(shard, client->listener, &client->peer, &client->local) &
           (shard->by_address.size - 1);
}

typedef uint64_t (*bucket_of)(const struct sl_shard *shard, const struct sl_client *client);

static uint32_t *next_link(struct sl_client *client, bucket_of bucket)
{
    return bucket == id_bucket ? &client->next_by_id : &client->next_by_address;
}

static void table_link(struct sl_shard *shard, struct hash_table *table, bucket_of bucket,
                       struct sl_client *client)
{
    uint32_t *head = &table->buckets[bucket(shard, client)];

    *next_link(client, bucket) = *head;
    *head = client->self;
}

/* Doubles the table: 1 in n insertions costs n, so each costs O(1) over all. */
static int table_grow(struct sl_shard *shard, struct hash_table *table, bucket_of bucket)
{
    uint32_t old_size = table->size;
    uint32_t *old = table->buckets;
    uint32_t size = old_size ? old_size * 2 : TABLE_SIZE_MIN;
    uint32_t *buckets = malloc(size * sizeof(*buckets));

    if (!buckets)
        return -ENOMEM;
    for (uint32_t i = 0; i < size; i++)
        buckets[i] = NO_CLIENT;
    table->buckets = buckets;
    table->size = size;
    for (uint32_t i = 0; i < old_size; i++) {
        for (uint32_t index = old[i]; index != NO_CLIENT;) {
            struct sl_client *client = shard_client(shard, index);

            index = *next_link(client, bucket);
            table_link(shard, table, bucket, client);
        }
    }
    free(old);
    return 0;
}

static int table_add(struct sl_shard *shard, struct hash_table *table, bucket_of bucket,
                     struct sl_client *client)
{
    if (table->count >= table->size && table_grow(shard, table, bucket) != 0 && table->size == 0)
        return -ENOMEM; /* where it exists it goes on with longer chains */
    table_link(shard, table, bucket, client);
    table->count++;
    return 0;
}

static void table_remove(struct sl_shard *shard, struct hash_table *table, bucket_of bucket,
                         struct sl_client *client)
{
    uint32_t *link = &table->buckets[bucket(shard, client)];

    while (*link != client->self)
        link = next_link(shard_client(shard, *link), bucket);
    *link = *next_link(client, bucket);
    table->count--;
}

/* --- the order by time last seen --- */

static void unlink_seen(struct sl_shard *shard, struct sl_client *client)
{
    struct sl_client *newer = shard_client(shard, client->newer);
    struct sl_client *older = shard_client(shard, client->older);

    *(newer ? &newer->older : &shard->newest) = client->older;
    *(older ? &older->newer : &shard->oldest) = client->newer;
}

static void link_newest(struct sl_shard *shard, struct sl_client *client)
{
    struct sl_client *second = shard_client(shard, shard->newest);

    client->newer = NO_CLIENT;
    client->older = shard->newest;
    *(second ? &second->newer : &shard->oldest) = client->self;
    shard->newest = client->self;
}

static void touch(struct sl_shard *shard, struct sl_client *client, const struct sl_time *now)
{
    client->last_seen_mono_ns = now->mono_ns;
    if (shard->newest == client->self)
        return;
    unlink_seen(shard, client);
    link_newest(shard, client);
}

/* --- places --- */

static int add_chunk(struct sl_shard *shard)
{
    uint32_t first = shard->chunk_count * CHUNK_SIZE;
    struct sl_client **chunks =
        reallocarray(shard->chunks, shard->chunk_count + 1, sizeof(struct sl_client *));
    struct sl_client *chunk;

    if (!chunks)
        return -ENOMEM;
    shard->chunks = chunks;
    chunk = calloc(CHUNK_SIZE, sizeof(*chunk));
    if (!chunk)
        return -ENOMEM;
    for (uint32_t i = 0; i < CHUNK_SIZE; i++) {
        chunk[i].self = first + i;
        chunk[i].next_by_id = i + 1 < CHUNK_SIZE ? first + i + 1 : NO_CLIENT;
    }
    chunks[shard->chunk_count++] = chunk;
    shard->free_list = first;
    return 0;
}

static struct sl_client *take_place(struct sl_shard *shard)
{
    struct sl_client *client;

    if (shard->free_list == NO_CLIENT && add_chunk(shard) != 0)
        return NULL;
    client = shard_client(shard, shard->free_list);
    shard->free_list = client->next_by_id;
    return client;
}

static void return_place(struct sl_shard *shard, struct sl_client *client)
{
    client->id = 0;
    client->next_by_id = shard->free_list;
    shard->free_list = client->self;
}

static int add_to_tables(struct sl_shard *shard, struct sl_client *client)
{
    if (table_add(shard, &shard->by_id, id_bucket, client) != 0)
        return -ENOMEM;
    if (client->transport == SL_UDP &&
        table_add(shard, &shard->by_address, address_bucket, client) != 0) {
        table_remove(shard, &shard->by_id, id_bucket, client);
        return -ENOMEM;
    }
    return 0;
}

struct sl_client *sl_shard_open(struct sl_shard *shard, uint16_t listener,
                                const struct sl_address *peer, const struct sl_address *local,
                                int fd, const struct sl_time *now)
{
    const struct sl_listener_info *info = &shard->registry->listeners[listener];
    struct sl_client *client = take_place(shard);

    if (!client)
        return NULL;
    *client = (struct sl_client){
        .id = atomic_fetch_add_explicit(&shard->registry->next_client, 1, memory_order_relaxed),
        .self = client->self,
        .fd = fd,
        .listener = listener,
        .service = info->service,
        .transport = info->transport,
        .peer = *peer,
        .local = *local,
        .opened_at_ns = now->wall_ns,
        .last_seen_mono_ns = now->mono_ns,
    };
    if (add_to_tables(shard, client) != 0) {
        return_place(shard, client);
        return NULL;
    }
    link_newest(shard, client);
    shard->open_count++;
    shard->listeners[listener].open_clients++;
    return client;
}

struct sl_client *sl_shard_find(struct sl_shard *shard, uint16_t listener,
                                const struct sl_address *peer, const struct sl_address *local,
                                bool test)
{
    uint64_t hash;
    struct sl_client *client;

    if (shard->by_address.size == 0)
        return NULL;
    hash = address_hash(shard, listener, peer, local) & (shard->by_address.size - 1);
    client = shard_client(shard, shard->by_address.buckets[hash]);
    while (client &&
           !(client->listener == listener && client->test == test &&
             sl_address_equal(&client->peer, peer) && sl_address_equal(&client->local, local)))
        client = shard_client(shard, client->next_by_address);
    return client;
}

struct sl_client *sl_shard_find_id(struct sl_shard *shard, uint64_t id)
{
    struct sl_client *client;

    if (shard->by_id.size == 0)
        return NULL;
    client = shard_client(shard, shard->by_id.buckets[mix(id) & (shard->by_id.size - 1)]);
    while (client && client->id != id)
        client = shard_client(shard, client->next_by_id);
    return client;
}

void sl_shard_count(struct sl_shard *shard, struct sl_client *client,
                    const struct sl_counters *delta, const struct sl_time *now)
{
    sl_counters_add(&client->counters, delta);
    sl_counters_add(&shard->listeners[client->listener].traffic, delta);
    touch(shard, client, now);
}

void sl_client_set_pending(struct sl_client *client, uint64_t size, const struct sl_time *now)
{
    if (size == 0)
        client->pending_since_ns = 0;
    else if (client->pending == 0)
        client->pending_since_ns = now->wall_ns;
    client->pending = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

struct sl_listener_counters *sl_shard_listener(struct sl_shard *shard, uint16_t listener)
{
    return &shard->listeners[listener];
}

void sl_client_to_view(const struct sl_client *client, int64_t offset_ns,
                       struct sl_client_view *view)
{
    *view = (struct sl_client_view){
        .id = client->id,
        .listener = client->listener,
        .service = client->service,
        .transport = client->transport,
        .test = client->test,
        .open = true,
        .peer = client->peer,
        .local = client->local,
        .opened_at_ns = client->opened_at_ns,
        .last_seen_at_ns = client->last_seen_mono_ns + offset_ns,
        .counters = client->counters,
        .pending = client->pending,
        .pending_since_ns = client->pending_since_ns,
    };
    /* The clocks are read one after the other: not before it was opened, then. */
    if (view->last_seen_at_ns < view->opened_at_ns)
        view->last_seen_at_ns = view->opened_at_ns;
}

void sl_shard_close(struct sl_shard *shard, struct sl_client *client, enum sl_closed_by by,
                    enum sl_close_reason reason, const struct sl_time *now,
                    struct sl_closing *closing)
{
    struct sl_client_view view;

    sl_client_to_view(client, now->wall_ns - now->mono_ns, &view);
    sl_tcp_info_read(client->transport == SL_TCP ? client->fd : -1, &view.tcp);
    view.open = false;
    view.pending = 0;
    view.pending_since_ns = 0;
    view.closed_by = (uint8_t)by;
    view.close_reason = (uint8_t)reason;
    view.closed_at_ns = now->wall_ns;
    *closing = (struct sl_closing){
        .closed_by = view.closed_by,
        .reason = view.close_reason,
        .opened_at_ns = view.opened_at_ns,
        .last_seen_at_ns = view.last_seen_at_ns,
        .counters = view.counters,
        .tcp = view.tcp,
    };

    table_remove(shard, &shard->by_id, id_bucket, client);
    if (client->transport == SL_UDP)
        table_remove(shard, &shard->by_address, address_bucket, client);
    unlink_seen(shard, client);
    shard->open_count--;
    shard->listeners[client->listener].open_clients--;
    return_place(shard, client);
    sl_closed_clients_add(&shard->registry->closed, &view);
}

struct sl_client *sl_shard_oldest(const struct sl_shard *shard)
{
    return shard_client(shard, shard->oldest);
}

struct sl_client *sl_shard_newer(const struct sl_shard *shard, const struct sl_client *client)
{
    return shard_client(shard, client->newer);
}

size_t sl_shard_open_count(const struct sl_shard *shard)
{
    return shard->open_count;
}

uint64_t sl_client_id(const struct sl_client *client)
{
    return client->id;
}

uint16_t sl_client_listener(const struct sl_client *client)
{
    return client->listener;
}

bool sl_client_is_test(const struct sl_client *client)
{
    return client->test;
}

void sl_client_mark_test(struct sl_client *client)
{
    client->test = true;
}

int64_t sl_client_last_seen_mono_ns(const struct sl_client *client)
{
    return client->last_seen_mono_ns;
}

const struct sl_address *sl_client_peer(const struct sl_client *client)
{
    return &client->peer;
}

const struct sl_address *sl_client_local(const struct sl_client *client)
{
    return &client->local;
}

void *sl_client_user(const struct sl_client *client)
{
    return client->user;
}

void sl_client_set_user(struct sl_client *client, void *user)
{
    client->user = user;
}

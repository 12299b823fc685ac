/* The reader's side. No lock is held for longer than the copying of one chunk of 256 clients, and
 * never while a caller's function runs. */
#include <stdlib.h>

#include "journal/registry.h"

#define CHANGED_MAX 4096u

static int64_t clock_offset_ns(void)
{
    struct sl_time now = sl_time_now();

    return now.wall_ns - now.mono_ns;
}

static bool get_open(struct sl_shard *shard, uint64_t id, struct sl_client_view *view)
{
    struct sl_client *client;

    sl_shard_lock(shard);
    client = sl_shard_find_id(shard, id);
    if (client) {
        sl_client_to_view(client, clock_offset_ns(), view);
        /* Under the lock: the worker closes the fd only after sl_shard_close. */
        sl_tcp_info_read(client->transport == SL_TCP ? client->fd : -1, &view->tcp);
    }
    sl_shard_unlock(shard);
    return client != NULL;
}

bool sl_registry_get(struct sl_registry *registry, uint64_t id, struct sl_client_view *view)
{
    for (size_t i = 0; i < registry->shard_count; i++) {
        if (get_open(&registry->shards[i], id, view))
            return true;
    }
    return sl_closed_clients_get(&registry->closed, id, view);
}

static void sum_listener(struct sl_listener_counters *sum, const struct sl_listener_counters *part)
{
    sl_counters_add(&sum->traffic, &part->traffic);
    sum->connections += part->connections;
    sum->rejected_connections += part->rejected_connections;
    sum->kernel_drops += part->kernel_drops;
    sum->open_clients += part->open_clients;
}

void sl_registry_listener_counters(struct sl_registry *registry, size_t index,
                                   struct sl_listener_counters *counters)
{
    *counters = (struct sl_listener_counters){0};
    for (size_t i = 0; i < registry->shard_count; i++) {
        struct sl_shard *shard = &registry->shards[i];

        sl_shard_lock(shard);
        sum_listener(counters, &shard->listeners[index]);
        sl_shard_unlock(shard);
    }
}

void sl_registry_totals(struct sl_registry *registry, struct sl_registry_totals *totals)
{
    *totals = (struct sl_registry_totals){0};
    for (size_t i = 0; i < registry->shard_count; i++) {
        sl_shard_lock(&registry->shards[i]);
        totals->open += registry->shards[i].open_count;
        sl_shard_unlock(&registry->shards[i]);
    }
    totals->closed = sl_closed_clients_total(&registry->closed);
}

/* Copies the clients of one chunk; false behind the last chunk. */
static bool copy_chunk(struct sl_shard *shard, uint32_t chunk, struct sl_client_view *views,
                       size_t *count)
{
    int64_t offset_ns = clock_offset_ns();
    bool exists;

    *count = 0;
    sl_shard_lock(shard);
    exists = chunk < shard->chunk_count;
    for (uint32_t i = 0; exists && i < CHUNK_SIZE; i++) {
        const struct sl_client *client = &shard->chunks[chunk][i];

        if (client->id != 0)
            sl_client_to_view(client, offset_ns, &views[(*count)++]);
    }
    sl_shard_unlock(shard);
    return exists;
}

typedef bool (*visitor)(void *context, const struct sl_client_view *view);

static bool visit_all(visitor visit, void *context, const struct sl_client_view *views,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!visit(context, &views[i]))
            return false;
    }
    return true;
}

/* The next chunk of the open ones; false where there is none left. */
static bool copy_open(struct sl_registry *registry, struct sl_registry_place *place,
                      struct sl_client_view *views, size_t *count)
{
    while (place->shard < registry->shard_count) {
        if (copy_chunk(&registry->shards[place->shard], place->chunk, views, count)) {
            place->chunk++;
            return true;
        }
        place->shard++;
        place->chunk = 0;
    }
    return false;
}

bool sl_registry_walk_some(struct sl_registry *registry, bool open, bool closed, size_t chunks,
                           struct sl_registry_place *place, visitor visit, void *context)
{
    struct sl_client_view *views = calloc(CHUNK_SIZE, sizeof(*views));
    bool left = true;

    if (!place->begun) /* up to here: who closes during the walk has been seen among the open */
        place->closed_end = sl_closed_clients_total(&registry->closed);
    place->begun = true;
    while (views && left && chunks-- > 0) {
        size_t count = 0;

        left = open && copy_open(registry, place, views, &count);
        if (!left && closed)
            count = sl_closed_clients_read(&registry->closed, &place->closed, place->closed_end,
                                           views, CHUNK_SIZE);
        left = (left || count > 0) && visit_all(visit, context, views, count);
    }
    free(views);
    return !views || !left;
}

void sl_registry_walk(struct sl_registry *registry, bool open, bool closed, visitor visit,
                      void *context)
{
    struct sl_registry_place place = {0};

    sl_registry_walk_some(registry, open, closed, SIZE_MAX, &place, visit, context);
}

static size_t changed_open(struct sl_shard *shard, int64_t since_ns, struct sl_client_view *views,
                           size_t capacity)
{
    int64_t offset_ns = clock_offset_ns();
    int64_t since_mono_ns = since_ns - offset_ns;
    size_t changed = 0;
    struct sl_client *client;

    sl_shard_lock(shard);
    for (client = shard_client(shard, shard->newest);
         client && client->last_seen_mono_ns >= since_mono_ns && changed < CHANGED_MAX;
         client = shard_client(shard, client->older)) {
        if (changed < capacity)
            sl_client_to_view(client, offset_ns, &views[changed]);
        changed++;
    }
    sl_shard_unlock(shard);
    return changed;
}

size_t sl_registry_changed(struct sl_registry *registry, int64_t since_ns,
                           struct sl_client_view *views, size_t capacity)
{
    size_t total = 0, used = 0;

    for (size_t i = 0; i <= registry->shard_count; i++) {
        size_t changed =
            i < registry->shard_count
                ? changed_open(&registry->shards[i], since_ns, views + used, capacity - used)
                : sl_closed_clients_changed(&registry->closed, since_ns, views + used,
                                            capacity - used);

        total += changed;
        used = total < capacity ? total : capacity;
    }
    return total;
}

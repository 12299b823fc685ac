/* Status and changed clients are written once a tick for all streams: a thousand of them would each
 * walk the registry, and write the same. */
#include "api/shared_events.h"

#include <errno.h>
#include <stdlib.h>

#include "api/api_status.h"
#include "api/client_json.h"
#include "api/state.h"

#define CHANGED_MAX 1024 /* looked at */
#define SHOWN_MAX   200  /* told */
/* A worker stamps a batch when it begins and counts it when it ends. */
#define OVERLAP_NS (250 * SL_NS_PER_MS)

void sl_shared_events_init(struct sl_shared_events *shared_events)
{
    *shared_events = (struct sl_shared_events){0};
    pthread_mutex_init(&shared_events->lock, NULL);
}

void sl_shared_events_deinit(struct sl_shared_events *shared_events)
{
    sl_snapshot_unref(shared_events->status);
    sl_snapshot_unref(shared_events->clients);
    pthread_mutex_destroy(&shared_events->lock);
}

void sl_snapshot_unref(struct sl_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->refs, 1) != 1)
        return;
    sl_buffer_deinit(&snapshot->event);
    free(snapshot);
}

struct sl_snapshot *sl_shared_events_get(struct sl_shared_events *shared_events, unsigned kind)
{
    struct sl_snapshot *snapshot;

    pthread_mutex_lock(&shared_events->lock);
    snapshot = kind == SL_DUE_STATUS ? shared_events->status : shared_events->clients;
    if (snapshot)
        atomic_fetch_add(&snapshot->refs, 1);
    pthread_mutex_unlock(&shared_events->lock);
    return snapshot;
}

/* Closes the event, or takes it back where it could not be written whole. */
static int finish(struct sl_json *json, size_t begin)
{
    if (!json->failed && sl_buffer_append_text(json->out, "\n\n") == 0)
        return 0;
    json->out->size = begin;
    return -ENOMEM;
}

int sl_shared_events_status_event(struct sl_api *api, struct sl_buffer *out)
{
    size_t begin = out->size;
    struct sl_json json;

    if (sl_buffer_append_text(out, "event: status\ndata: ") < 0)
        return -ENOMEM;
    sl_json_init(&json, out);
    sl_status_json(&json, api);
    return finish(&json, begin);
}

static int newest_first(const void *a, const void *b)
{
    const struct sl_client_view *left = a, *right = b;
    int64_t at_left = left->open ? left->last_seen_at_ns : left->closed_at_ns;
    int64_t at_right = right->open ? right->last_seen_at_ns : right->closed_at_ns;

    return (at_left < at_right) - (at_left > at_right);
}

/* A client that closed while they were copied may be there twice: its end comes first. */
static bool is_repeated(const struct sl_client_view *views, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (views[i].id == views[index].id)
            return true;
    }
    return false;
}

static int write_clients(struct sl_api *api, struct sl_client_view *views, size_t known,
                         size_t changed, struct sl_buffer *out)
{
    size_t begin = out->size, shown = known < SHOWN_MAX ? known : SHOWN_MAX;
    struct sl_json json;

    if (sl_buffer_append_text(out, "event: clients\ndata: ") < 0)
        return -ENOMEM;
    sl_json_init(&json, out);
    sl_json_open_object(&json);
    sl_json_key(&json, "items");
    sl_json_open_array(&json);
    for (size_t i = 0; i < shown; i++) {
        if (is_repeated(views, i))
            continue;
        sl_client_add_tcp_info(api->registry, &views[i]);
        sl_client_json(&json, &views[i], api->registry);
    }
    sl_json_close_array(&json);
    sl_json_key(&json, "more");
    sl_json_uint(&json, changed - shown);
    sl_json_close_object(&json);
    return finish(&json, begin);
}

int sl_shared_events_clients_event(struct sl_api *api, int64_t since_ns, struct sl_buffer *out)
{
    struct sl_client_view *views = malloc(CHANGED_MAX * sizeof(*views));
    size_t changed, known;
    int code = 0;

    if (!views)
        return -ENOMEM;
    changed = sl_registry_changed(api->registry, since_ns, views, CHANGED_MAX);
    known = changed < CHANGED_MAX ? changed : CHANGED_MAX;
    if (known > 0) {
        qsort(views, known, sizeof(*views), newest_first);
        code = write_clients(api, views, known, changed, out);
    }
    free(views);
    return code;
}

static void publish(struct sl_shared_events *shared_events, struct sl_snapshot **place,
                    struct sl_snapshot *snapshot)
{
    struct sl_snapshot *old;

    pthread_mutex_lock(&shared_events->lock);
    old = *place;
    snapshot->number = ++shared_events->number;
    *place = snapshot;
    pthread_mutex_unlock(&shared_events->lock);
    sl_snapshot_unref(old);
}

static void build_status(struct sl_api *api)
{
    struct sl_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (!snapshot)
        return; /* the next second may have memory */
    atomic_init(&snapshot->refs, 1);
    sl_shared_events_status_event(api, &snapshot->event);
    publish(&api->shared_events, &api->shared_events.status, snapshot);
}

/* Where the last snapshot ended; one that is long ago had no reader, and who connects now looks
 * for itself. A clock that was set back begins anew. */
static int64_t clients_since(const struct sl_shared_events *shared_events, int64_t until_ns)
{
    int64_t recent_ns = until_ns - 2 * SL_CLIENTS_NS;

    if (!shared_events->clients || shared_events->clients->until_ns > until_ns ||
        shared_events->clients->until_ns < recent_ns)
        return recent_ns;
    return shared_events->clients->until_ns;
}

static void build_clients(struct sl_api *api)
{
    struct sl_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (!snapshot)
        return;
    atomic_init(&snapshot->refs, 1);
    snapshot->until_ns = sl_clock_wall_ns();
    snapshot->since_ns = clients_since(&api->shared_events, snapshot->until_ns);
    sl_shared_events_clients_event(api, snapshot->since_ns - OVERLAP_NS, &snapshot->event);
    publish(&api->shared_events, &api->shared_events.clients, snapshot);
}

void sl_shared_events_build(struct sl_api *api, unsigned kinds)
{
    if (kinds & SL_DUE_STATUS)
        build_status(api);
    if (kinds & SL_DUE_CLIENTS)
        build_clients(api);
}

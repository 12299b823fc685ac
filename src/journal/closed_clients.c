/* Remembers the clients that closed last, in a ring: the oldest gives way to the next. */
#include <errno.h>
#include <stdlib.h>

#include "journal/registry.h"

#define CHANGED_MAX 4096u

int sl_closed_clients_init(struct closed_clients *closed, size_t capacity)
{
    closed->capacity = capacity > 0 ? capacity : 1;
    /* Zeroed pages: memory is used only as clients close. */
    closed->views = calloc(closed->capacity, sizeof(*closed->views));
    closed->ids = calloc(closed->capacity, sizeof(*closed->ids));
    if (!closed->views || !closed->ids) {
        free(closed->views);
        free(closed->ids);
        return -ENOMEM;
    }
    pthread_mutex_init(&closed->lock, NULL);
    return 0;
}

void sl_closed_clients_deinit(struct closed_clients *closed)
{
    pthread_mutex_destroy(&closed->lock);
    free(closed->views);
    free(closed->ids);
}

void sl_closed_clients_add(struct closed_clients *closed, const struct sl_client_view *view)
{
    size_t place;

    pthread_mutex_lock(&closed->lock);
    place = closed->total % closed->capacity;
    closed->views[place] = *view;
    closed->ids[place] = view->id;
    closed->total++;
    pthread_mutex_unlock(&closed->lock);
}

bool sl_closed_clients_get(struct closed_clients *closed, uint64_t id, struct sl_client_view *view)
{
    bool found = false;

    pthread_mutex_lock(&closed->lock);
    for (size_t i = 0; i < closed->capacity && i < closed->total && !found; i++) {
        found = closed->ids[i] == id;
        if (found)
            *view = closed->views[i];
    }
    pthread_mutex_unlock(&closed->lock);
    return found;
}

uint64_t sl_closed_clients_total(struct closed_clients *closed)
{
    uint64_t total;

    pthread_mutex_lock(&closed->lock);
    total = closed->total;
    pthread_mutex_unlock(&closed->lock);
    return total;
}

size_t sl_closed_clients_read(struct closed_clients *closed, uint64_t *place, uint64_t end,
                              struct sl_client_view *views, size_t count)
{
    size_t copied = 0;

    pthread_mutex_lock(&closed->lock);
    if (closed->total > closed->capacity && *place < closed->total - closed->capacity)
        *place = closed->total - closed->capacity;
    for (; copied < count && *place < end; (*place)++)
        views[copied++] = closed->views[*place % closed->capacity];
    pthread_mutex_unlock(&closed->lock);
    return copied;
}

size_t sl_closed_clients_changed(struct closed_clients *closed, int64_t since_ns,
                                 struct sl_client_view *views, size_t capacity)
{
    size_t changed = 0;

    pthread_mutex_lock(&closed->lock);
    while (changed < closed->capacity && changed < closed->total && changed < CHANGED_MAX) {
        const struct sl_client_view *view =
            &closed->views[(closed->total - 1 - changed) % closed->capacity];

        if (view->closed_at_ns < since_ns)
            break;
        if (changed < capacity)
            views[changed] = *view;
        changed++;
    }
    pthread_mutex_unlock(&closed->lock);
    return changed;
}

#include <errno.h>
#include <stdlib.h>

#include "journal/registry.h"

#define CHANGED_MAX 4096u

int sl_history_init(struct history *history, size_t capacity)
{
    history->capacity = capacity > 0 ? capacity : 1;
    /* Zeroed pages: memory is used only as clients close. */
    history->views = calloc(history->capacity, sizeof(*history->views));
    history->ids = calloc(history->capacity, sizeof(*history->ids));
    if (!history->views || !history->ids) {
        free(history->views);
        free(history->ids);
        return -ENOMEM;
    }
    pthread_mutex_init(&history->lock, NULL);
    return 0;
}

void sl_history_deinit(struct history *history)
{
    pthread_mutex_destroy(&history->lock);
    free(history->views);
    free(history->ids);
}

void sl_history_add(struct history *history, const struct sl_client_view *view)
{
    size_t place;

    pthread_mutex_lock(&history->lock);
    place = history->total % history->capacity;
    history->views[place] = *view;
    history->ids[place] = view->id;
    history->total++;
    pthread_mutex_unlock(&history->lock);
}

bool sl_history_get(struct history *history, uint64_t id, struct sl_client_view *view)
{
    bool found = false;

    pthread_mutex_lock(&history->lock);
    for (size_t i = 0; i < history->capacity && i < history->total && !found; i++) {
        found = history->ids[i] == id;
        if (found)
            *view = history->views[i];
    }
    pthread_mutex_unlock(&history->lock);
    return found;
}

uint64_t sl_history_total(struct history *history)
{
    uint64_t total;

    pthread_mutex_lock(&history->lock);
    total = history->total;
    pthread_mutex_unlock(&history->lock);
    return total;
}

size_t sl_history_read(struct history *history, uint64_t *place, uint64_t end,
                       struct sl_client_view *views, size_t count)
{
    size_t copied = 0;

    pthread_mutex_lock(&history->lock);
    if (history->total > history->capacity && *place < history->total - history->capacity)
        *place = history->total - history->capacity;
    for (; copied < count && *place < end; (*place)++)
        views[copied++] = history->views[*place % history->capacity];
    pthread_mutex_unlock(&history->lock);
    return copied;
}

size_t sl_history_changed(struct history *history, int64_t since_ns, struct sl_client_view *views,
                          size_t capacity)
{
    size_t changed = 0;

    pthread_mutex_lock(&history->lock);
    while (changed < history->capacity && changed < history->total && changed < CHANGED_MAX) {
        const struct sl_client_view *view =
            &history->views[(history->total - 1 - changed) % history->capacity];

        if (view->closed_at_ns < since_ns)
            break;
        if (changed < capacity)
            views[changed] = *view;
        changed++;
    }
    pthread_mutex_unlock(&history->lock);
    return changed;
}

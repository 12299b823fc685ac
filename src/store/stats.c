/* What other threads see of the store: its state and its numbers, under the store's lock. */
#include <stdio.h>

#include "store/files.h"
#include "store/store.h"

const char *sl_store_state_name(enum sl_store_state state)
{
    static const char *const names[] = {[SL_STORE_RECORDING] = "recording",
                                        [SL_STORE_DISK_FULL] = "disk_full",
                                        [SL_STORE_FAILED] = "failed",
                                        [SL_STORE_BLOCKED] = "blocked"};

    return names[state];
}

enum sl_store_state sl_store_state(struct sl_store *store)
{
    enum sl_store_state state;

    pthread_mutex_lock(&store->lock);
    state = store->stats.state;
    pthread_mutex_unlock(&store->lock);
    return state;
}

void sl_store_pause(struct sl_store *store, enum sl_store_state state, const char *words)
{
    bool news;

    pthread_mutex_lock(&store->lock);
    news = store->stats.state != state;
    store->stats.state = state;
    store->was_paused = true;
    snprintf(store->stats.last_error, sizeof(store->stats.last_error), "%s", words);
    pthread_mutex_unlock(&store->lock);
    if (news && state == SL_STORE_DISK_FULL)
        sl_log_error(store->log,
                     "the log pauses, no space for %s: %s; it goes on when there is some",
                     store->path, words);
    else if (news && state == SL_STORE_BLOCKED)
        sl_log_error(store->log,
                     "the log pauses, what waits beside %s cannot be moved into it: %s; it goes on "
                     "when that has ended",
                     store->path, words);
    else if (news)
        sl_log_error(store->log, "the log pauses, cannot write %s: %s; trying again each second",
                     store->path, words);
}

void sl_store_publish(struct sl_store *store)
{
    uint64_t wal = sl_files_wal_size(store->path), bytes = sl_files_size(store->path);

    pthread_mutex_lock(&store->lock);
    store->stats.oldest_seq = store->oldest_seq;
    store->stats.newest_seq = store->newest_seq;
    store->stats.messages = store->rows;
    store->stats.file_bytes = bytes;
    store->stats.wal_bytes = wal < bytes ? wal : bytes; /* it may have grown in between */
    pthread_mutex_unlock(&store->lock);
}

void sl_store_stats(struct sl_store *store, struct sl_store_stats *stats)
{
    pthread_mutex_lock(&store->lock);
    *stats = store->stats;
    pthread_mutex_unlock(&store->lock);
}

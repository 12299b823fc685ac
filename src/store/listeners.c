/* Finds or makes the row of a listener. Its index counts within one run; its row, named by
 * service, transport and name, holds over all runs. */
#include "store/listeners.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int sl_listeners_init(struct sl_listeners *listeners, sqlite3 *db,
                      const struct sl_registry *registry)
{
    listeners->registry = registry;
    listeners->db = db;
    listeners->count = sl_registry_listener_count(registry);
    listeners->rows = calloc((listeners->count + 1) * SL_SERVICE_COUNT, sizeof(*listeners->rows));
    return listeners->rows ? SQLITE_OK : SQLITE_NOMEM;
}

void sl_listeners_deinit(struct sl_listeners *listeners)
{
    free(listeners->rows);
    *listeners = (struct sl_listeners){0};
}

void sl_listeners_forget(struct sl_listeners *listeners)
{
    size_t count = (listeners->count + 1) * SL_SERVICE_COUNT;

    memset(listeners->rows, 0, count * sizeof(*listeners->rows));
}

static int listeners_find_or_make(struct sl_listeners *listeners, uint8_t service,
                                  uint8_t transport, const char *name, int64_t *row)
{
    /* The update changes nothing, but lets RETURNING give the row that was there. */
    static const char sql[] =
        "INSERT INTO listeners (service, transport, name) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET name = name RETURNING id";
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(listeners->db, sql, -1, &statement, NULL);

    if (code != SQLITE_OK)
        return code;
    sqlite3_bind_int(statement, 1, service);
    sqlite3_bind_int(statement, 2, transport);
    sqlite3_bind_text(statement, 3, name, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        *row = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int sl_listeners_row(struct sl_listeners *listeners, uint16_t index, uint8_t service, int64_t *row)
{
    bool known = index < listeners->count;
    size_t place = (known ? index : listeners->count) * SL_SERVICE_COUNT + service;
    const struct sl_listener_info *info = NULL;

    assert(service < SL_SERVICE_COUNT);
    if (listeners->rows[place] == 0) {
        if (known)
            info = sl_registry_listener(listeners->registry, index);
        int code = listeners_find_or_make(listeners, service, info ? info->transport : SL_UDP,
                                          info ? info->name : "unknown", &listeners->rows[place]);
        if (code != SQLITE_OK)
            return code;
    }
    *row = listeners->rows[place];
    return SQLITE_OK;
}

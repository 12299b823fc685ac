/* From a listener's index, which is of one run, to its row, which is for ever. */
#ifndef SOCKLENS_STORE_LISTENERS_H
#define SOCKLENS_STORE_LISTENERS_H

#include <stddef.h>
#include <stdint.h>

#include "socklens/registry.h"
#include "store/database.h"

struct sl_listeners {
    const struct sl_registry *registry;
    sqlite3 *db;
    int64_t *rows; /* by index and service; 0: not known yet */
    size_t count;
};

/* SQLite's codes. */
int sl_listeners_init(struct sl_listeners *listeners, sqlite3 *db,
                      const struct sl_registry *registry);
void sl_listeners_deinit(struct sl_listeners *listeners);

/* After a rollback: the rows may be gone. */
void sl_listeners_forget(struct sl_listeners *listeners);

/* The row's id; makes the row where there is none. */
int sl_listeners_row(struct sl_listeners *listeners, uint16_t index, uint8_t service, int64_t *row);

#endif

/* How the bytes of a message are stored: as TEXT where they are text, so that people can
 * read and search them, else as BLOB; and the reply of an uppercase service in half the space. */
#ifndef SOCKLENS_STORE_PAYLOAD_H
#define SOCKLENS_STORE_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/database.h"

/* In place of a reply that is what SQL's upper() makes of what was received. */
#define SL_PAYLOAD_UPPER 1

/* SQLite's code. The bytes must stay until the statement was run. */
int sl_payload_bind(sqlite3_stmt *statement, int column, const uint8_t *bytes, size_t size);

/* The same for bytes that are known to be text. */
int sl_payload_bind_text(sqlite3_stmt *statement, int column, const uint8_t *bytes, size_t size);

/* Whether `bytes` are ASCII text and `other` the same in upper case. Both have `size` bytes. */
bool sl_payload_is_upper(const uint8_t *bytes, const uint8_t *other, size_t size);

/* Writes the upper case of ASCII. */
void sl_payload_upper(const uint8_t *bytes, uint8_t *to, size_t size);

#endif

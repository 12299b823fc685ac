#include "store/payload.h"

#include <string.h>

#include "socklens/text.h"

/* Compared at once, so that the compiler can do it in vectors. */
#define BLOCK 32

/* The text functions of SQLite and its shell end at a NUL. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    return size == 0 || (!memchr(bytes, '\0', size) && sl_text_is_utf8(bytes, size));
}

int sl_payload_bind(sqlite3_stmt *statement, int column, const uint8_t *bytes, size_t size)
{
    if (is_text(bytes, size))
        return sqlite3_bind_text64(statement, column, size ? (const char *)bytes : "", size,
                                   SQLITE_STATIC, SQLITE_UTF8);
    return sqlite3_bind_blob64(statement, column, bytes, size, SQLITE_STATIC);
}

static inline uint8_t upper(uint8_t byte)
{
    return (uint8_t)(byte - ((uint8_t)(byte - 'a') < 26 ? 'a' - 'A' : 0));
}

/* Not 0 where the byte is NUL or not ASCII, or the other is not its upper case. */
static inline uint8_t difference(uint8_t byte, uint8_t other)
{
    return (uint8_t)((upper(byte) ^ other) | (byte & 0x80) | (byte == 0));
}

bool sl_payload_is_upper(const uint8_t *bytes, const uint8_t *other, size_t size)
{
    uint8_t found = 0;

    for (; size >= BLOCK && !found; size -= BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            found |= difference(bytes[i], other[i]);
        bytes += BLOCK;
        other += BLOCK;
    }
    for (size_t i = 0; i < size && !found; i++)
        found |= difference(bytes[i], other[i]);
    return !found;
}

void sl_payload_upper(const uint8_t *bytes, uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = upper(bytes[i]);
}

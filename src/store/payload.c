/* The reply of an uppercase service is what SQL's upper() makes of the request, if that is ASCII
 * text. Then the row has 1 in the place of the reply, and readers and the view `log` make it again.
 * The price: who queries `messages` itself, and not the view, sees the 1.
 *
 * Measured with this and with both texts in the row, as fast as one client with UDP_SEGMENT sends,
 * five alternated runs each (medians):
 *                        writer's CPU a message    file a message
 *   32-byte datagrams    0.37 us, not 0.41         69 bytes, not 101
 *   512-byte datagrams   0.92 us, not 1.48         566 bytes, not 1,095
 * Without it the writer fell behind sooner: of 400,000 datagrams of 512 bytes it lost 184,000
 * before they could be written, with it 46,000.
 *
 * What must hold: sl_payload_is_upper says yes only where upper() of SQL, which knows ASCII alone
 * and ends at a NUL, gives the same bytes. */
#include "store/payload.h"

#include <string.h>

#include "socklens/text.h"

/* Looked through before the first difference ends it. */
#define BLOCK 32

int sl_payload_bind_text(sqlite3_stmt *statement, int column, const uint8_t *bytes, size_t size)
{
    return sqlite3_bind_text64(statement, column, size ? (const char *)bytes : "", size,
                               SQLITE_STATIC, SQLITE_UTF8);
}

int sl_payload_bind(sqlite3_stmt *statement, int column, const uint8_t *bytes, size_t size)
{
    /* The text functions of SQLite and its shell end at a NUL. */
    if (size == 0 || (!memchr(bytes, '\0', size) && sl_text_is_utf8(bytes, size)))
        return sl_payload_bind_text(statement, column, bytes, size);
    return sqlite3_bind_blob64(statement, column, bytes, size, SQLITE_STATIC);
}

static inline uint8_t payload_upper(uint8_t byte)
{
    return (uint8_t)(byte - ((uint8_t)(byte - 'a') < 26 ? 'a' - 'A' : 0));
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight bytes at once. Not 0 where one of them is NUL or not ASCII, or the other is not its upper
 * case. The sums carry into no neighbour while all are ASCII. */
static inline uint64_t payload_difference(uint64_t bytes, uint64_t other)
{
    uint64_t from_a = bytes + EACH_BYTE(0x80 - 'a'), over_z = bytes + EACH_BYTE(0x7f - 'z');
    uint64_t lower = from_a & ~over_z & EACH_BYTE(0x80);
    uint64_t nul = ~(bytes + EACH_BYTE(0x7f)) & EACH_BYTE(0x80);

    return (bytes ^ (lower >> 2) ^ other) | (bytes & EACH_BYTE(0x80)) | nul;
}

static inline uint64_t payload_load(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

bool sl_payload_is_upper(const uint8_t *bytes, const uint8_t *other, size_t size)
{
    uint64_t found = 0;
    size_t at = 0;

    for (; at + BLOCK <= size && !found; at += BLOCK)
        for (size_t i = 0; i < BLOCK; i += sizeof(found))
            found |= payload_difference(payload_load(bytes + at + i), payload_load(other + at + i));
    for (; at < size && !found; at++)
        found = bytes[at] == 0 || bytes[at] >= 0x80 || payload_upper(bytes[at]) != other[at];
    return !found;
}

void sl_payload_upper(const uint8_t *bytes, uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = payload_upper(bytes[i]);
}

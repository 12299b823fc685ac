/* A message that stands complete in one chunk is handed out where it lies. Only what is unfinished
 * at a chunk's end is copied, and its memory goes back on the call after it was handed out: a
 * connection that waits between messages holds none. partial_size tells the two apart, since an
 * unfinished message has at least one byte: memory with partial_size 0 was handed out. */
#include "socklens/framing.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST_CAPACITY 256u

void sl_framer_deinit(struct sl_framer *framer)
{
    free(framer->partial);
    *framer = (struct sl_framer){0};
}

static void release_handed_out(struct sl_framer *framer)
{
    if (framer->partial_size > 0 || !framer->partial)
        return;
    free(framer->partial);
    framer->partial = NULL;
    framer->partial_capacity = 0;
}

static bool reserve(struct sl_framer *framer, size_t needed)
{
    if (needed <= framer->partial_capacity)
        return true;
    size_t capacity = framer->partial_capacity ? framer->partial_capacity : SMALLEST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *partial = realloc(framer->partial, capacity);
    if (!partial)
        return false;
    framer->partial = partial;
    framer->partial_capacity = (uint32_t)capacity;
    return true;
}

/* Adds to the unfinished message: counts everything, keeps what may be stored. */
static bool keep(struct sl_framer *framer, const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return true;
    size_t left = SL_STORED_SIZE_MAX - framer->partial_stored;
    size_t stored = size < left ? size : left;
    if (!reserve(framer, framer->partial_stored + stored))
        return false;
    if (stored > 0)
        memcpy(framer->partial + framer->partial_stored, bytes, stored);
    framer->partial_stored += (uint32_t)stored;
    framer->partial_size += size;
    framer->ends_in_cr = bytes[size - 1] == '\r';
    return true;
}

static struct sl_message message_of(const uint8_t *bytes, uint64_t size)
{
    size_t stored = size < SL_STORED_SIZE_MAX ? (size_t)size : SL_STORED_SIZE_MAX;
    return (struct sl_message){.bytes = bytes, .stored = stored, .size = size};
}

static void advance(struct sl_chunk *chunk, size_t count)
{
    if (count == 0) /* the stream's end may come without bytes, and so without an address */
        return;
    chunk->bytes += count;
    chunk->size -= count;
}

/* The unfinished message and the next `size` bytes of the chunk are a message; `skip` more are its
 * line end. */
static bool finish(struct sl_framer *framer, struct sl_chunk *chunk, size_t size, size_t skip,
                   struct sl_message *message, bool *failed)
{
    const uint8_t *bytes = chunk->bytes;
    uint64_t whole = size;
    bool ends_in_cr = size > 0 && bytes[size - 1] == '\r';
    if (framer->partial_size > 0) {
        if (!keep(framer, bytes, size)) {
            *failed = true;
            return false;
        }
        bytes = framer->partial;
        whole = framer->partial_size;
        ends_in_cr = framer->ends_in_cr;
        framer->partial_size = 0;
        framer->partial_stored = 0;
    }
    *message = message_of(bytes, whole - (skip > 0 && ends_in_cr));
    if (skip > 0)
        message->line_end = ends_in_cr ? SL_LINE_END_CRLF : SL_LINE_END_LF;
    advance(chunk, size + skip);
    return true;
}

static size_t line_length(const struct sl_chunk *chunk, bool *found)
{
    const uint8_t *end = chunk->size > 0 ? memchr(chunk->bytes, '\n', chunk->size) : NULL;
    *found = end != NULL;
    return end ? (size_t)(end - chunk->bytes) : 0;
}

bool sl_framer_next(struct sl_framer *framer, enum sl_framing framing, struct sl_chunk *chunk,
                    struct sl_message *message, bool *failed)
{
    release_handed_out(framer);
    if (framing == SL_FRAMING_CHAT || !chunk->untimed) {
        bool found;
        size_t length = line_length(chunk, &found);
        if (found && framing == SL_FRAMING_ONCE)
            return finish(framer, chunk, length + 1, 0, message, failed);
        if (found) {
            framer->line_mode = true;
            return finish(framer, chunk, length, 1, message, failed);
        }
    }
    bool complete =
        chunk->ended || chunk->quiet || (chunk->untimed && chunk->drained && !framer->line_mode);
    if (complete && framer->partial_size + chunk->size > 0)
        return finish(framer, chunk, chunk->size, 0, message, failed);
    if (!keep(framer, chunk->bytes, chunk->size))
        *failed = true;
    chunk->size = 0;
    return false;
}

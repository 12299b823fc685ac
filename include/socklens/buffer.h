/* A growable run of bytes. `size` bytes at `data` are in use, `capacity` are allocated. */
#ifndef SOCKLENS_BUFFER_H
#define SOCKLENS_BUFFER_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sl_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

#define SL_BUFFER_INIT ((struct sl_buffer){0})

void sl_buffer_deinit(struct sl_buffer *buffer);

/* The slow way of sl_buffer_reserve. */
uint8_t *sl_buffer_grow(struct sl_buffer *buffer, size_t extra);

/* Makes room for `extra` more bytes and returns where they go (then add to `size`); NULL and
 * nothing changed where there is no memory. Growth doubles, so appending is linear over all. Here
 * and not in a file of its own because replies are made of many short appends. */
static inline uint8_t *sl_buffer_reserve(struct sl_buffer *buffer, size_t extra)
{
    if (!buffer->data || extra > buffer->capacity - buffer->size)
        return sl_buffer_grow(buffer, extra);
    return buffer->data + buffer->size;
}

/* 0, or -ENOMEM with nothing appended. */
static inline int sl_buffer_append(struct sl_buffer *buffer, const void *bytes, size_t size)
{
    uint8_t *to = sl_buffer_reserve(buffer, size);

    if (!to)
        return -ENOMEM;
    if (size > 0)
        memcpy(to, bytes, size);
    buffer->size += size;
    return 0;
}

static inline int sl_buffer_append_text(struct sl_buffer *buffer, const char *text)
{
    return sl_buffer_append(buffer, text, strlen(text));
}

int sl_buffer_append_uint(struct sl_buffer *buffer, uint64_t value); /* in decimal */
__attribute__((format(printf, 2, 3))) int sl_buffer_printf(struct sl_buffer *buffer,
                                                           const char *format, ...);

/* Drops the first `count` bytes (at most `size`). */
void sl_buffer_consume(struct sl_buffer *buffer, size_t count);

#endif

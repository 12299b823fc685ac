/* A growable run of bytes. `size` bytes at `data` are in use, `capacity` are allocated. */
#ifndef SOCKLENS_BUFFER_H
#define SOCKLENS_BUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct sl_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

#define SL_BUFFER_INIT ((struct sl_buffer){0})

void sl_buffer_deinit(struct sl_buffer *buffer);

/* Makes room for `extra` more bytes and returns where they go (then add to `size`); NULL and
 * nothing changed where there is no memory. Growth doubles, so appending is linear over all. */
uint8_t *sl_buffer_reserve(struct sl_buffer *buffer, size_t extra);

/* 0, or -ENOMEM with nothing appended. */
int sl_buffer_append(struct sl_buffer *buffer, const void *bytes, size_t size);
int sl_buffer_append_text(struct sl_buffer *buffer, const char *text);
int sl_buffer_append_uint(struct sl_buffer *buffer, uint64_t value); /* in decimal */
__attribute__((format(printf, 2, 3))) int sl_buffer_printf(struct sl_buffer *buffer,
                                                           const char *format, ...);

/* Drops the first `count` bytes (at most `size`). */
void sl_buffer_consume(struct sl_buffer *buffer, size_t count);

#endif

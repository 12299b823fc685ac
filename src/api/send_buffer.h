/* What a streamed answer has written but libmicrohttpd has not yet taken. */
#ifndef SOCKLENS_API_SEND_BUFFER_H
#define SOCKLENS_API_SEND_BUFFER_H

#include <string.h>

#include "socklens/buffer.h"

/* Copies up to `max` of the bytes behind `*at`, and moves it on. */
static inline size_t sl_outgoing_copy(const struct sl_buffer *out, size_t *at, char *bytes,
                                      size_t max)
{
    size_t size = out->size - *at;

    if (size > max)
        size = max;
    memcpy(bytes, out->data + *at, size);
    *at += size;
    return size;
}

/* All is taken: empties `out`, and keeps no more than `kept_bytes` of memory for what comes. */
static inline void sl_outgoing_forget(struct sl_buffer *out, size_t *at, size_t kept_bytes)
{
    *at = 0;
    out->size = 0;
    if (out->capacity > kept_bytes)
        sl_buffer_deinit(out);
}

#endif

/* A body that is made while it is sent: event streams and exports. */
#ifndef SOCKLENS_BODY_STREAM_H
#define SOCKLENS_BODY_STREAM_H

#include <stddef.h>

#include "socklens/waiters.h"

enum sl_stream_step {
    SL_STREAM_BYTES,
    SL_STREAM_YIELD, /* call again as soon as others had their turn */
    SL_STREAM_WAIT,  /* call again when the waiter is due */
    SL_STREAM_END,
    SL_STREAM_BROKEN, /* ends before its end: the reader must see that */
};

/* Stands first in what it is a part of. */
struct sl_body_stream {
    struct sl_waiter waiter; /* its `connection` is set before the first read */
    struct sl_waiters *waiters;
    int fd;              /* the connection's, set before the first read; -1: none */
    unsigned patience_s; /* how long its reader may take nothing */
    bool more;           /* a read now would not be SL_STREAM_WAIT, as far as it knows */
    /* Copies the next bytes: at most `max`, *size says how many with SL_STREAM_BYTES. */
    enum sl_stream_step (*read)(struct sl_body_stream *body_stream, char *bytes, size_t max,
                                size_t *size);
    void (*free)(struct sl_body_stream *body_stream);
};

#endif

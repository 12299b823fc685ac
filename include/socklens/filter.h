/* Which exchanges a reader wants: the same meaning for live memory, store, streams and exports. */
#ifndef SOCKLENS_FILTER_H
#define SOCKLENS_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/buffer.h"
#include "socklens/exchange.h"

/* Zero-initialised it matches every exchange. */
struct sl_filter {
    uint32_t services;      /* bits 1 << enum sl_service_id; 0: any */
    uint32_t outcomes;      /* bits 1 << enum sl_outcome; 0: any */
    uint64_t client;        /* 0: any */
    int64_t since_ns;       /* received at or after; 0: any */
    int64_t until_ns;       /* received before; 0: any */
    uint64_t min_size;      /* either side has at least this many bytes on the wire */
    struct sl_buffer text;  /* found in either side, ASCII letters in any case; empty: any */
    struct sl_buffer bytes; /* found in either side exactly; empty: any */
};

void sl_filter_deinit(struct sl_filter *filter);

/* Lifecycle records never match. */
bool sl_filter_match(const struct sl_filter *filter, const struct sl_record *record);

#endif

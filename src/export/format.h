/* One row a format: what sl_exporter_* calls. */
#ifndef EXPORT_FORMAT_H
#define EXPORT_FORMAT_H

#include <stdint.h>

#include "socklens/buffer.h"
#include "socklens/exchange.h"

/* The functions append to `out` and return 0 or -ENOMEM; what they appended before an error is cut
 * off by the caller. NULL does nothing. `state` is NULL for formats that have none. */
struct export_format {
    const char *name, *extension;
    const char *content_type;
    void *(*new_state)(void); /* NULL where there is no memory */
    void (*free_state)(void *state);
    int (*begin)(void *state, struct sl_buffer *out);
    int (*record)(void *state, const struct sl_record *record, const char *listener,
                  struct sl_buffer *out);
    int (*gap)(void *state, uint64_t from, uint64_t to, const char *reason, struct sl_buffer *out);
    int (*end)(void *state, struct sl_buffer *out);
};

extern const struct export_format export_ndjson, export_csv, export_spreadsheet, export_pcapng;

#endif

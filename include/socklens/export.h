/* Exchanges in the formats that people's tools read: NDJSON, CSV, pcapng.
 *
 * An exporter is a pure function over records: it appends bytes to a buffer that its caller sends
 * on or writes to a file. It holds no more than the state of the open connections it has seen. */
#ifndef SOCKLENS_EXPORT_H
#define SOCKLENS_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/buffer.h"
#include "socklens/exchange.h"

enum sl_export_format { SL_EXPORT_NDJSON, SL_EXPORT_CSV, SL_EXPORT_PCAPNG, SL_EXPORT_COUNT };

bool sl_export_format_parse(const char *name, enum sl_export_format *format);
const char *sl_export_content_type(enum sl_export_format format);
const char *sl_export_extension(enum sl_export_format format); /* "ndjson", "csv", "pcapng" */

struct sl_exporter;

/* NULL where there is no memory. */
struct sl_exporter *sl_exporter_new(enum sl_export_format format);
void sl_exporter_free(struct sl_exporter *exporter);

/* Each appends to `out`: 0 or -ENOMEM with `out` unchanged. */
int sl_exporter_begin(struct sl_exporter *exporter, struct sl_buffer *out);

/* `listener` is the name of the record's listener, e.g. "127.0.0.1:12000". Lifecycle records become
 * handshakes and FINs in pcapng and nothing elsewhere. */
int sl_exporter_record(struct sl_exporter *exporter, const struct sl_record *record,
                       const char *listener, struct sl_buffer *out);

/* Exchanges `from` to `to` are missing: said in the format's own way where it has one. */
int sl_exporter_gap(struct sl_exporter *exporter, uint64_t from, uint64_t to, const char *reason,
                    struct sl_buffer *out);
int sl_exporter_end(struct sl_exporter *exporter, struct sl_buffer *out);

#endif

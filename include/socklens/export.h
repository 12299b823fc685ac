/* Exchanges in the formats that people's tools read: NDJSON, CSV, pcapng.
 *
 * An exporter is a pure function over records: it appends bytes to a buffer that its caller sends
 * on or writes to a file. NDJSON and CSV hold nothing between records; pcapng holds the interfaces
 * it has announced and 64 bytes for each open connection it has seen, at most 65,536 of them (the
 * one quiet longest is forgotten first). */
#ifndef SOCKLENS_EXPORT_H
#define SOCKLENS_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/buffer.h"
#include "socklens/exchange.h"

/* NDJSON   One message object a line, as the API shows it (message_json.h). A gap is the line
 *          {"gap":{"from":17,"to":20,"reason":"evicted"}}.
 * CSV      RFC 4180: UTF-8 without a byte order mark, CRLF, a header row; text empty where it is
 *          not valid UTF-8. A text that a spreadsheet would take for a formula (it begins with
 *          = + - @, their full-width forms, TAB, CR or LF) gets a leading apostrophe; control
 *          characters other than TAB, CR and LF are shown by their pictures (U+2400 for NUL).
 *          The base64 columns are exact. A gap is a row with outcome "gap", the first missing
 *          number as seq and a sentence as received_text.
 * SPREADSHEET  CSV that a spreadsheet shows as it is: with a byte order mark, each text as a
 * formula whose value is that text (="00123"), without the base64 columns. A text whose formula
 *          would be over 8,000 bytes is a plain cell as in CSV, cut at 32,767 bytes.
 * PCAPNG   draft-ietf-opsawg-pcapng, little-endian, nanoseconds, raw IP, one interface a listener.
 *          A received message and its reply are packets at the times when the program read and
 *          wrote them, under synthesised headers with valid checksums, in the order of the log
 *          (of messages read at once, a later request's time is before an earlier reply's). Each
 *          first packet of a message has a comment ("seq 17 replied"), a gap is a comment on the
 *          next packet. TCP connections whose opening is not in the records begin in mid-stream.
 *          Unix connections get loopback addresses made from the client's id. */
enum sl_export_format {
    SL_EXPORT_NDJSON,
    SL_EXPORT_CSV,
    SL_EXPORT_SPREADSHEET,
    SL_EXPORT_PCAPNG,
    SL_EXPORT_COUNT
};

/* Their names, for people. */
#define SL_EXPORT_NAMES "ndjson, csv, spreadsheet, pcapng"

bool sl_export_format_parse(const char *name, enum sl_export_format *format);
const char *sl_export_content_type(enum sl_export_format format);
const char *sl_export_extension(enum sl_export_format format); /* "ndjson", "csv", "pcapng" */

struct sl_exporter;

/* NULL where there is no memory. */
struct sl_exporter *sl_exporter_new(enum sl_export_format format);
void sl_exporter_free(struct sl_exporter *exporter); /* NULL is fine */

/* Each appends to `out`: 0, or -ENOMEM with `out` unchanged, after which the exporter can only be
 * freed. Begin first, end last; what stands between may be sent on at any time. */
int sl_exporter_begin(struct sl_exporter *exporter, struct sl_buffer *out);

/* `listener` is the name of the record's listener, e.g. "127.0.0.1:12000", NULL where nobody knows
 * it. Records come in the order of the log. Lifecycle records become handshakes and FINs in pcapng
 * and nothing elsewhere; the caller leaves out those of clients that it filters out. One that
 * comes again (a parked cursor reads them twice) is passed over. */
int sl_exporter_record(struct sl_exporter *exporter, const struct sl_record *record,
                       const char *listener, struct sl_buffer *out);

/* Exchanges `from` to `to` are missing, for example because of "evicted". */
int sl_exporter_gap(struct sl_exporter *exporter, uint64_t from, uint64_t to, const char *reason,
                    struct sl_buffer *out);
int sl_exporter_end(struct sl_exporter *exporter, struct sl_buffer *out);

#endif

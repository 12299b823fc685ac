/* RFC 4180, made to survive spreadsheets: what a stranger sent must not run as a formula there, and
 * must not end a row anywhere.
 *
 * The table for a spreadsheet is another one, because no plain cell keeps its text there: 00123
 * becomes a number, 1/2 a date, twenty digits lose their last ones. Each text is a formula that
 * joins string literals, ="00123", whose value is the text and nothing else; control characters
 * are CHAR(n), others than ASCII UNICHAR(n): a LibreOffice that converts without its dialog passes
 * over the byte order mark. Excel takes literals of 255 characters, formulas of 8,192 and cells of
 * 32,767
 * ("Excel specifications and limits"), so a longer text stands as plain text, and is cut where a
 * cell would be. The base64 columns, which would not fit, are left out. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "export/format.h"
#include "export/payload.h"

#define HEADER                                                                                     \
    "seq,service,client_id,client_address,listener,received_at,replied_at,service_us,"             \
    "received_size,sent_size,outcome,received_text,sent_text,"
#define HEADER_BASE64              "received_base64,sent_base64,"
#define HEADER_COLUMN(name, since) "," #name
#define HEADER_END                                                                                 \
    "received_stored_size,sent_stored_size,line_end" SL_COLUMN_LIST(HEADER_COLUMN) "\r\n"
#define BYTE_ORDER_MARK   "\xEF\xBB\xBF"
#define FIELDS_AFTER_TEXT (6 + SL_COLUMN_COUNT) /* behind received_text */

#define LITERAL_BYTES 240  /* at most as many characters */
#define FORMULA_BYTES 8000 /* likewise */
#define CELL_BYTES    32767

struct row {
    struct sl_buffer *out;
    bool spreadsheet;
    bool begun;
    bool failed;
};

/* Where `size` bytes of a new field go, or NULL. */
static uint8_t *begin_field(struct row *row, size_t size)
{
    if (row->begun && !row->failed)
        row->failed = sl_buffer_append(row->out, ",", 1) != 0;
    row->begun = true;
    if (row->failed)
        return NULL;
    uint8_t *to = sl_buffer_reserve(row->out, size);
    row->failed = !to;
    return to;
}

static void empty(struct row *row, unsigned count)
{
    while (count-- > 0)
        begin_field(row, 0);
}

static void number(struct row *row, uint64_t value)
{
    begin_field(row, 0);
    row->failed = row->failed || sl_buffer_append_uint(row->out, value) != 0;
}

static void number_if(struct row *row, bool there, uint64_t value)
{
    if (there)
        number(row, value);
    else
        empty(row, 1);
}

/* Our own words: nothing in them needs quotes. */
static void word(struct row *row, const char *text)
{
    begin_field(row, 0);
    row->failed = row->failed || sl_buffer_append_text(row->out, text) != 0;
}

/* OWASP, "CSV Injection": also the full-width forms, which some spreadsheets fold. */
static bool is_formula(const uint8_t *text, size_t size)
{
    if (size > 0 && memchr("=+-@", text[0], 4))
        return true;
    return size >= 3 && text[0] == 0xEF && text[1] == 0xBC && /* U+FF1D U+FF0B U+FF0D U+FF20 */
           (text[2] == 0x9D || text[2] == 0x8B || text[2] == 0x8D || text[2] == 0xA0);
}

/* Behind these a reader with another separator, or one that does not know quotes, sees a new cell.
 */
static bool may_begin_cell(uint8_t before)
{
    return memchr(",;\t|\r\n\"", before, 7) != NULL;
}

/* The picture of a control character, which readers would refuse (NUL) or drop. */
static uint8_t *put_picture(uint8_t *to, uint8_t control)
{
    *to++ = 0xE2;
    *to++ = 0x90;
    *to++ = control == 0x7F ? 0xA1 : 0x80 + control;
    return to;
}

static uint8_t *put_byte(uint8_t *to, uint8_t byte)
{
    bool control = byte < 0x20 || byte == 0x7F;

    if (control && byte != '\t' && byte != '\r' && byte != '\n')
        return put_picture(to, byte);
    if (byte == '"')
        *to++ = '"';
    *to++ = byte;
    return to;
}

static void plain_text(struct row *row, const uint8_t *bytes, size_t size)
{
    uint8_t *to = begin_field(
        row, 3 * size + 3); /* a picture is three bytes, a guarded quote or sign fewer */
    uint8_t *const begin = to;

    if (!to)
        return;
    *to++ = '"';
    for (size_t i = 0; i < size; i++) {
        bool blank = i == 0 && memchr("\t\r\n", bytes[0], 3); /* which a reader may strip */

        if (blank || ((i == 0 || may_begin_cell(bytes[i - 1])) && is_formula(bytes + i, size - i)))
            *to++ = '\'';
        to = put_byte(to, bytes[i]);
    }
    *to++ = '"';
    row->out->size += (size_t)(to - begin);
}

static size_t utf8_size(uint8_t first)
{
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static uint32_t code_point(const uint8_t *bytes, size_t size)
{
    uint32_t code = size == 1 ? bytes[0] : bytes[0] & (0xFFu >> (size + 1));

    for (size_t i = 1; i < size; i++)
        code = code << 6 | (bytes[i] & 0x3F);
    return code;
}

/* Within a literal, within a quoted field: a quote is four. */
static int append_literal(struct sl_buffer *out, const uint8_t *bytes, size_t size)
{
    return bytes[0] == '"' ? sl_buffer_append_text(out, "\"\"\"\"")
                           : sl_buffer_append(out, bytes, size);
}

/* Behind a separator a new literal begins, so that a reader with that separator finds a quote at
 * the beginning of its cell and no sign of a formula. */
static int append_formula(struct sl_buffer *out, const uint8_t *bytes, size_t size)
{
    size_t in_literal = 0;
    int error = sl_buffer_append_text(out, "\"=\"\"");

    for (size_t i = 0; i < size && !error;) {
        size_t length = utf8_size(bytes[i]);

        if (bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n') {
            error = sl_buffer_printf(out, "\"\"&CHAR(%d)&\"\"", bytes[i]);
            in_literal = 0;
        } else if (length > 1) {
            error = sl_buffer_printf(out, "\"\"&UNICHAR(%" PRIu32 ")&\"\"",
                                     code_point(bytes + i, length));
            in_literal = 0;
        } else {
            if (in_literal + length > LITERAL_BYTES || (i > 0 && may_begin_cell(bytes[i - 1]))) {
                error = sl_buffer_append_text(out, "\"\"&\"\"");
                in_literal = 0;
            }
            if (!error && (bytes[i] < 0x20 || bytes[i] == 0x7F)) {
                uint8_t picture[3];

                put_picture(picture, bytes[i]);
                error = sl_buffer_append(out, picture, sizeof(picture));
            } else if (!error) {
                error = append_literal(out, bytes + i, length);
            }
            in_literal += length;
        }
        i += length;
    }
    return error ? error : sl_buffer_append_text(out, "\"\"\"");
}

static void text(struct row *row, const uint8_t *bytes, size_t size)
{
    size_t before, comma;

    if (!row->spreadsheet) {
        plain_text(row, bytes, size);
        return;
    }
    before = row->out->size;
    comma = row->begun;
    begin_field(row, 0);
    row->failed = row->failed || append_formula(row->out, bytes, size) != 0;
    if (row->failed || row->out->size - before <= FORMULA_BYTES)
        return;
    row->out->size = before;
    row->begun = comma;
    plain_text(row, bytes, size <= CELL_BYTES ? size : sl_text_utf8_prefix(bytes, CELL_BYTES));
}

static void time_of(struct row *row, int64_t wall_ns)
{
    char moment[SL_RFC3339_SIZE];
    size_t size = sl_clock_format(wall_ns, moment);

    if (row->spreadsheet)
        text(row, (const uint8_t *)moment, size);
    else
        word(row, moment);
}

static void text_or_empty(struct row *row, const uint8_t *bytes, size_t stored, uint64_t size)
{
    size_t shown = payload_text_size(bytes, stored, size);

    if (sl_text_is_utf8(bytes, shown))
        text(row, bytes, shown);
    else
        empty(row, 1);
}

static void base64(struct row *row, const uint8_t *bytes, size_t size)
{
    begin_field(row, 0);
    row->failed = row->failed || sl_text_base64(bytes, size, row->out) != 0;
}

static int end_row(struct row *row)
{
    return row->failed ? -ENOMEM : sl_buffer_append(row->out, "\r\n", 2);
}

static void who(struct row *row, const struct sl_record *record, const char *listener)
{
    const struct sl_exchange *exchange = &record->exchange;
    char address[SL_ADDRESS_TEXT_SIZE];
    size_t size = sl_address_format(&exchange->peer, address);

    number(row, record->seq);
    word(row, sl_service_id_name(exchange->service));
    number(row, exchange->client);
    text(row, (const uint8_t *)address, size);
    if (listener)
        text(row, (const uint8_t *)listener, strlen(listener));
    else
        empty(row, 1);
}

static void when(struct row *row, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    time_of(row, exchange->received_at_ns);
    if (exchange->replied_at_ns) {
        time_of(row, exchange->replied_at_ns);
        number(row, payload_service_us(record));
    } else {
        empty(row, 2);
    }
}

#define COLUMN(name, since) number_if(row, exchange->name != 0, exchange->name);

static void what(struct row *row, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    static const char *const line_ends[SL_LINE_END_COUNT] = {
        [SL_LINE_END_NONE] = "", [SL_LINE_END_LF] = "LF", [SL_LINE_END_CRLF] = "CRLF"};
    const uint8_t *received = sl_record_received(record), *sent = sl_record_sent(record);
    bool replied = sl_record_has_reply(record);

    number(row, exchange->received_size);
    number_if(row, replied, exchange->sent_size);
    word(row, sl_outcome_name(exchange->outcome));
    text_or_empty(row, received, exchange->received_stored, exchange->received_size);
    text_or_empty(row, sent, exchange->sent_stored, exchange->sent_size);
    if (!row->spreadsheet) {
        base64(row, received, exchange->received_stored);
        base64(row, sent, exchange->sent_stored);
    }
    number(row, exchange->received_stored);
    number_if(row, replied, exchange->sent_stored);
    word(row, exchange->line_end < SL_LINE_END_COUNT ? line_ends[exchange->line_end] : "");
    SL_COLUMN_LIST(COLUMN)
}

static int write_record(bool spreadsheet, const struct sl_record *record, const char *listener,
                        struct sl_buffer *out)
{
    struct row row = {.out = out, .spreadsheet = spreadsheet};

    if (record->kind != SL_RECORD_EXCHANGE)
        return 0;
    who(&row, record, listener);
    when(&row, record);
    what(&row, record);
    return end_row(&row);
}

static int write_gap(bool spreadsheet, uint64_t from, uint64_t to, const char *reason,
                     struct sl_buffer *out)
{
    struct row row = {.out = out};

    number(&row, from);
    empty(&row, 9);
    word(&row, "gap");
    begin_field(&row, 0);
    if (!row.failed)
        row.failed =
            sl_buffer_printf(out, "\"messages %" PRIu64 " to %" PRIu64 " are missing: %s\"", from,
                             to, reason) != 0;
    empty(&row, FIELDS_AFTER_TEXT - (spreadsheet ? 2 : 0));
    return end_row(&row);
}

/* --- the two tables --- */

static int begin_csv(void *state, struct sl_buffer *out)
{
    (void)state;
    return sl_buffer_append_text(out, HEADER HEADER_BASE64 HEADER_END);
}

static int record_csv(void *state, const struct sl_record *record, const char *listener,
                      struct sl_buffer *out)
{
    (void)state;
    return write_record(false, record, listener, out);
}

static int gap_csv(void *state, uint64_t from, uint64_t to, const char *reason,
                   struct sl_buffer *out)
{
    (void)state;
    return write_gap(false, from, to, reason, out);
}

static int begin_spreadsheet(void *state, struct sl_buffer *out)
{
    (void)state;
    return sl_buffer_append_text(out, BYTE_ORDER_MARK HEADER HEADER_END);
}

static int record_spreadsheet(void *state, const struct sl_record *record, const char *listener,
                              struct sl_buffer *out)
{
    (void)state;
    return write_record(true, record, listener, out);
}

static int gap_spreadsheet(void *state, uint64_t from, uint64_t to, const char *reason,
                           struct sl_buffer *out)
{
    (void)state;
    return write_gap(true, from, to, reason, out);
}

#define CSV_TYPE "text/csv; charset=utf-8; header=present"

const struct export_format export_csv = {
    .name = "csv",
    .extension = "csv",
    .content_type = CSV_TYPE,
    .begin = begin_csv,
    .record = record_csv,
    .gap = gap_csv,
};

const struct export_format export_spreadsheet = {
    .name = "spreadsheet",
    .extension = "csv",
    .content_type = CSV_TYPE,
    .begin = begin_spreadsheet,
    .record = record_spreadsheet,
    .gap = gap_spreadsheet,
};

/* A list of messages is mostly strings, and strings are mostly clean: they are checked for UTF-8
 * and copied in one pass. Room is asked for once a string; only escapes ask again. */
#include "socklens/json.h"

#include <string.h>
#include <unistr.h>

#include "base/digits.h"
#include "socklens/clock.h"
#include "socklens/text.h"

#define LONGEST_ESCAPE 6 /* \u2028 */

void sl_json_init(struct sl_json *json, struct sl_buffer *out)
{
    *json = (struct sl_json){.out = out};
}

/* Where `size` bytes go, or NULL with `failed` set. */
static inline uint8_t *room(struct sl_json *json, size_t size)
{
    struct sl_buffer *out = json->out;
    if (json->failed)
        return NULL;
    if (out->capacity - out->size >= size)
        return out->data + out->size;
    uint8_t *to = sl_buffer_reserve(out, size);
    json->failed = !to;
    return to;
}

/* The comma before a value, where it needs one, and room for `size` bytes after it. */
static inline uint8_t *begin_value(struct sl_json *json, size_t size)
{
    uint8_t *to = room(json, size + 1);
    if (to && json->comma) {
        *to++ = ',';
        json->out->size++;
    }
    json->comma = true;
    return to;
}

static void write_plain(struct sl_json *json, const char *text, size_t size)
{
    uint8_t *to = begin_value(json, size);
    if (!to)
        return;
    memcpy(to, text, size);
    json->out->size += size;
}

static void open_container(struct sl_json *json, const char *bracket)
{
    write_plain(json, bracket, 1);
    json->comma = false;
}

static void close_container(struct sl_json *json, uint8_t bracket)
{
    uint8_t *to = room(json, 1);
    if (!to)
        return;
    *to = bracket;
    json->out->size++;
    json->comma = true;
}

void sl_json_open_object(struct sl_json *json)
{
    open_container(json, "{");
}

void sl_json_close_object(struct sl_json *json)
{
    close_container(json, '}');
}

void sl_json_open_array(struct sl_json *json)
{
    open_container(json, "[");
}

void sl_json_close_array(struct sl_json *json)
{
    close_container(json, ']');
}

void sl_json_key_n(struct sl_json *json, const char *key, size_t size)
{
    uint8_t *to = begin_value(json, size + 3);
    json->comma = false;
    if (!to)
        return;
    to[0] = '"';
    memcpy(to + 1, key, size);
    memcpy(to + 1 + size, "\":", 2);
    json->out->size += size + 3;
}

void sl_json_lead_n(struct sl_json *json, const char *text, size_t size)
{
    uint8_t *to = begin_value(json, size);
    json->comma = false;
    if (!to)
        return;
    memcpy(to, text, size);
    json->out->size += size;
}

void sl_json_plain(struct sl_json *json, const char *text, size_t size)
{
    uint8_t *to = begin_value(json, size + 2);
    if (!to)
        return;
    to[0] = '"';
    memcpy(to + 1, text, size);
    to[size + 1] = '"';
    json->out->size += size + 2;
}

static bool byte_is_clean(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

/* Copies the clean ASCII at the start of `in`; how much it was. */
static size_t copy_clean(const uint8_t *in, size_t size, uint8_t *out)
{
    size_t at = 0;
    for (; at < size && byte_is_clean(in[at]); at++)
        out[at] = in[at];
    return at;
}

static size_t write_unicode_escape(uint32_t code, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = 'u';
    for (size_t i = 0; i < 4; i++)
        out[2 + i] = (uint8_t)digits[code >> (12 - 4 * i) & 15];
    return 6;
}

static size_t write_ascii_escape(uint8_t byte, uint8_t *out)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* a byte and its letter by turns */
    for (size_t i = 0; letters[i]; i += 2) {
        if ((uint8_t)letters[i] == byte) {
            out[0] = '\\';
            out[1] = (uint8_t)letters[i + 1];
            return 2;
        }
    }
    return write_unicode_escape(byte, out);
}

/* Copies the valid sequences at `in` that are not ASCII; how many bytes it were. U+2028 and U+2029
 * end a line in JavaScript, so they are left for write_special. */
static size_t copy_foreign(const uint8_t *in, size_t size, uint8_t *out)
{
    size_t at = 0;
    while (at < size && in[at] >= 0x80) {
        ucs4_t code;
        int length = u8_mbtoucr(&code, in + at, size - at);
        if (length < 0 || code == 0x2028 || code == 0x2029)
            break;
        memcpy(out + at, in + at, (size_t)length);
        at += (size_t)length;
    }
    return at;
}

/* What may not stand in a string as it is: how much of `in` that is, and at *out and *written what
 * stands there instead. 0 where `in` is not valid UTF-8. */
static size_t write_special(const uint8_t *in, size_t size, uint8_t *out, size_t *written)
{
    if (in[0] < 0x80) {
        *written = write_ascii_escape(in[0], out);
        return 1;
    }
    ucs4_t code;
    int length = u8_mbtoucr(&code, in, size);
    if (length < 0)
        return 0;
    *written = write_unicode_escape(code, out);
    return (size_t)length;
}

/* Appends the escaped text without quotes. Bytes that are not valid UTF-8 become U+FFFD, or where
 * `strict` end the attempt: false. */
static bool write_escaped(struct sl_json *json, const uint8_t *in, size_t size, bool strict)
{
    struct sl_buffer *out = json->out;
    while (size > 0) {
        uint8_t *to = room(json, size + LONGEST_ESCAPE);
        if (!to)
            return false;
        size_t taken = copy_clean(in, size, to);
        taken += copy_foreign(in + taken, size - taken, to + taken);
        size_t written = taken;
        if (taken == 0) {
            taken = write_special(in, size, to, &written);
            if (taken == 0 && strict)
                return false;
            if (taken == 0) {
                written = write_unicode_escape(0xFFFD, to);
                taken = 1;
            }
        }
        out->size += written;
        in += taken;
        size -= taken;
    }
    return true;
}

/* False where the text was refused: then what was appended is for the caller to take back. */
static bool write_quoted(struct sl_json *json, const uint8_t *in, size_t size, bool strict)
{
    uint8_t *to = begin_value(json, size + LONGEST_ESCAPE + 2);
    if (!to)
        return true;
    *to = '"';
    json->out->size++;
    if (!write_escaped(json, in, size, strict))
        return json->failed;
    to = room(json, 1);
    if (to) {
        *to = '"';
        json->out->size++;
    }
    return true;
}

void sl_json_string_n(struct sl_json *json, const char *text, size_t size)
{
    write_quoted(json, (const uint8_t *)text, size, false);
}

void sl_json_string(struct sl_json *json, const char *text)
{
    sl_json_string_n(json, text, strlen(text));
}

void sl_json_text_or_null(struct sl_json *json, const uint8_t *bytes, size_t size)
{
    size_t before = json->out->size;
    bool comma = json->comma;
    if (write_quoted(json, bytes, size, true))
        return;
    json->out->size = before;
    json->comma = comma;
    sl_json_null(json);
}

void sl_json_uint(struct sl_json *json, uint64_t value)
{
    uint8_t *to = begin_value(json, SL_DIGITS_MAX);
    if (to)
        json->out->size += sl_digits_write(value, (char *)to);
}

void sl_json_int(struct sl_json *json, int64_t value)
{
    uint8_t *to = begin_value(json, SL_DIGITS_MAX + 1);
    if (!to)
        return;
    bool negative = value < 0;
    *to = '-';
    uint64_t magnitude = negative ? 0 - (uint64_t)value : (uint64_t)value;
    json->out->size += negative + sl_digits_write(magnitude, (char *)to + negative);
}

void sl_json_bool(struct sl_json *json, bool value)
{
    write_plain(json, value ? "true" : "false", value ? 4 : 5);
}

void sl_json_null(struct sl_json *json)
{
    write_plain(json, "null", 4);
}

static const char *format_time(struct sl_json *json, int64_t wall_ns)
{
    int64_t second = wall_ns / SL_NS_PER_S;
    if (!json->has_second || second != json->second || wall_ns < 0) {
        sl_clock_format(wall_ns, json->second_text);
        json->second = second;
        json->has_second = wall_ns >= 0;
        return json->second_text;
    }
    unsigned micros = (unsigned)(wall_ns % SL_NS_PER_S) / 1000;
    char *to = json->second_text + sizeof("2026-01-01T00:00:00.") - 1;
    sl_digits_write_pair(micros / 10000, to);
    sl_digits_write_pair(micros / 100 % 100, to + 2);
    sl_digits_write_pair(micros % 100, to + 4);
    return json->second_text;
}

void sl_json_time(struct sl_json *json, int64_t wall_ns)
{
    sl_json_plain(json, format_time(json, wall_ns), sizeof("2026-01-01T00:00:00.000000Z") - 1);
}

void sl_json_base64(struct sl_json *json, const uint8_t *bytes, size_t size)
{
    uint8_t *to = begin_value(json, size / 3 * 4 + 6);
    if (!to)
        return;
    *to = '"';
    json->out->size++;
    json->failed = sl_text_base64(bytes, size, json->out) < 0;
    to = room(json, 1);
    if (!to)
        return;
    *to = '"';
    json->out->size++;
}

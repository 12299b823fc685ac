/* A small streaming JSON writer (RFC 8259) for what is written often: messages, clients, events.
 *
 * It appends to an sl_buffer and puts the commas. What is written is always valid JSON in UTF-8
 * without control characters, DEL, U+2028 and U+2029 (they are escaped): a byte of a string that is
 * not UTF-8 becomes U+FFFD, and sl_json_text_or_null says null instead. Memory errors are
 * remembered: check `failed` once at the end. */
#ifndef SOCKLENS_JSON_H
#define SOCKLENS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "socklens/buffer.h"
#include "socklens/clock.h"

struct sl_json {
    struct sl_buffer *out;
    bool comma;  /* the next value or key is not the first of its container */
    bool failed; /* an allocation failed; `out` is cut */
    /* The second that was written last, since most times of a list are in it too. */
    bool has_second;
    int64_t second;
    char second_text[SL_RFC3339_SIZE];
};

void sl_json_init(struct sl_json *json, struct sl_buffer *out);

void sl_json_open_object(struct sl_json *json);
void sl_json_close_object(struct sl_json *json);
void sl_json_open_array(struct sl_json *json);
void sl_json_close_array(struct sl_json *json);

/* Any key: what sl_json_key does where there is no room. */
void sl_json_key_n(struct sl_json *json, const char *key, size_t size);

/* The key must be plain ASCII without quotes or backslashes: our own names. They are half of what
 * is written, so a literal is stored here by a few moves, without a call. */
static inline void sl_json_key(struct sl_json *json, const char *key)
{
    struct sl_buffer *out = json->out;
    size_t size = strlen(key);
    if (json->failed || out->capacity - out->size < size + 4) {
        sl_json_key_n(json, key, size);
        return;
    }
    uint8_t *to = out->data + out->size;
    *to = ',';
    to += json->comma;
    *to = '"';
    memcpy(to + 1, key, size);
    memcpy(to + 1 + size, "\":", 2);
    out->size += json->comma + size + 3;
    json->comma = false;
}

/* What sl_json_lead does where there is no room. */
void sl_json_lead_n(struct sl_json *json, const char *text, size_t size);

/* Writes a piece of JSON that is right as it stands and after which a value comes, with the comma
 * before it where one is due: "\"seq\":" or "{\"a\":1,\"b\":". For the few
 * shapes that make up long lists. */
static inline void sl_json_lead(struct sl_json *json, const char *text)
{
    struct sl_buffer *out = json->out;
    size_t size = strlen(text);
    if (json->failed || out->capacity - out->size < size + 1) {
        sl_json_lead_n(json, text, size);
        return;
    }
    uint8_t *to = out->data + out->size;
    *to = ',';
    memcpy(to + json->comma, text, size);
    out->size += json->comma + size;
    json->comma = false;
}

/* A string that is known to need no escape: our own words, addresses in digits. */
void sl_json_plain(struct sl_json *json, const char *text, size_t size);

void sl_json_string(struct sl_json *json, const char *text);
void sl_json_string_n(struct sl_json *json, const char *text, size_t size);
void sl_json_uint(struct sl_json *json, uint64_t value);
void sl_json_int(struct sl_json *json, int64_t value);
void sl_json_bool(struct sl_json *json, bool value);
void sl_json_null(struct sl_json *json);
void sl_json_time(struct sl_json *json, int64_t wall_ns); /* RFC 3339, see clock.h */
void sl_json_base64(struct sl_json *json, const uint8_t *bytes, size_t size);

/* A payload: the text where it is valid UTF-8, else null. */
void sl_json_text_or_null(struct sl_json *json, const uint8_t *bytes, size_t size);

#endif

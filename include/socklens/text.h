/* Text that came from a stranger: upper case, validity, and safe ways to show it. */
#ifndef SOCKLENS_TEXT_H
#define SOCKLENS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/buffer.h"

/* Appends the full Unicode upper case of `in` to `out`: for valid UTF-8 what Python's str.upper()
 * gives (SpecialCasing.txt, language-independent: "straße" to "STRASSE"). Bytes that are not
 * valid UTF-8 pass unchanged and the valid runs around them are still upper-cased. Output is at
 * most three times as long. 0, or -ENOMEM with `out` unchanged. */
int sl_text_upper(const uint8_t *in, size_t size, struct sl_buffer *out);

/* RFC 3629: no surrogates, nothing over U+10FFFF, no overlong form. NUL counts as valid. */
bool sl_text_is_utf8(const uint8_t *in, size_t size);

/* Length of the longest valid UTF-8 prefix. */
size_t sl_text_utf8_prefix(const uint8_t *in, size_t size);

/* Appends `in` for a terminal or a log line: printable text as it is; C0, DEL, C1, bidirectional
 * controls (U+061C, U+200E-F, U+202A-E, U+2066-9), line and paragraph separators as \n \r \t \xNN
 * or \u{NNNN}; invalid UTF-8 bytes as \xNN; a backslash as \\. 0 or -ENOMEM. */
int sl_text_escape(const uint8_t *in, size_t size, struct sl_buffer *out);

/* Appends the base64 (RFC 4648 section 4, padded) of `in`. 0 or -ENOMEM. */
int sl_text_base64(const uint8_t *in, size_t size, struct sl_buffer *out);

/* Decode a whole NUL-terminated text: base64 with or without padding, but without blanks and
 * without bits that belong to no byte; hex in either case, with or without blanks and colons
 * between the bytes. 0, -EINVAL where it is malformed (`out` unchanged), or -ENOMEM. */
int sl_text_from_base64(const char *text, struct sl_buffer *out);
int sl_text_from_hex(const char *text, struct sl_buffer *out);

/* The value of a hex digit of either case, or -1. */
int sl_text_hex_digit(char letter);

/* Decimal digits only, no sign, at most 2^64-1. */
bool sl_parse_uint_n(const char *text, size_t size, uint64_t *value);
bool sl_parse_uint(const char *text, uint64_t *value);

/* Copies the next part of a list with commas between to `part`, cut to its size, and moves *rest
 * behind it: to NULL behind the last. False where *rest is NULL. */
bool sl_text_part(const char **rest, char *part, size_t size);

/* Gives up the bytes of a character that was cut at the end, as snprintf(3) may. */
void sl_text_trim(char *text);

/* A stranger's text, made fit to be quoted in a sentence: escaped and cut. A value, so that
 * `sl_quote(text).text` can stand among the arguments of one call. */
struct sl_quote {
    char text[72];
};

struct sl_quote sl_quote(const char *text);

#endif

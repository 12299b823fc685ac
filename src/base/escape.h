/* The core of sl_text_escape, for callers that bring their own memory. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/* No byte becomes longer than this: "\xNN", and "\u{NNNN}" for two bytes or more. */
#define SL_ESCAPE_GROWTH 4

/* Writes the escaped form of `in` to `out` (room for size * SL_ESCAPE_GROWTH); its length. */
size_t sl_escape_write(const uint8_t *in, size_t size, uint8_t *out);

#endif

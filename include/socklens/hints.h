/* Mistakes that can be recognised in what was received: an `Exit` that is none because of a NUL
 * behind it looks right to whoever sent it. A pure function, computed when a message is shown. */
#ifndef SOCKLENS_HINTS_H
#define SOCKLENS_HINTS_H

#include <stddef.h>
#include <stdint.h>

#include "socklens/exchange.h"

enum sl_hint {
    SL_HINT_ENDS_IN_NUL,     /* send(fd, text, strlen(text) + 1) */
    SL_HINT_UTF16,           /* every second byte is 0, or the byte order mark says so */
    SL_HINT_BYTE_ORDER_MARK, /* UTF-8's or UTF-16's */
    SL_HINT_TRAILING_BLANK,  /* a blank or tab before the line end */
    SL_HINT_LONE_CR,         /* a carriage return without a line feed */
    SL_HINT_LENGTH_PREFIX,   /* begins with the number of bytes that follow, as Java's writeUTF */
    SL_HINT_COUNT
};

/* A bit, 1 << hint, for each that holds for the `size` bytes that were received, of which `stored`
 * stand at `bytes`. Ordinary text costs little more than one memchr(3). */
unsigned sl_hints(const uint8_t *bytes, size_t stored, uint64_t size, enum sl_line_end line_end);

/* "ends_in_nul". */
const char *sl_hint_name(enum sl_hint hint);

#endif

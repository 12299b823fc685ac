/* Did libmicrohttpd read the request's head as everybody else would?
 *
 * 0.9.75 garbles folded fields ("Transfer-Encoding:" CRLF " chunked" becomes a field named
 * "Transfer-Encodingchunked"), takes a line that begins with a colon for the head's end - and the
 * rest of it for the next request -, and stops at NULs. Each of these lets two programs see two
 * different requests, and none can be seen from the fields alone.
 *
 * It parses in place, though: the head lies in memory as it came, with separators made NUL, and its
 * length can be asked for. So each field must stand exactly where the one before ended, and the
 * blank line right behind the last. Anything else was not read as it was sent. */
#ifndef SOCKLENS_HTTPD_MHD_HEAD_CHECK_H
#define SOCKLENS_HTTPD_MHD_HEAD_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "socklens/header.h"

/* What libmicrohttpd made of a head. `method`, `version` and the headers' names and values point
 * into the memory it was read to; `target` is a copy from before it was decoded. */
struct sl_mhd_head {
    const char *method, *target, *version;
    const struct sl_headers *headers;
    size_t size; /* of the whole head, from the method to the blank line and with it */
};

/* Lines end all with CRLF or all with LF. */
bool sl_mhd_head_is_sound(const struct sl_mhd_head *layout);

/* True for versions of libmicrohttpd that need the check and lay the head out like this; later ones
 * refuse such heads themselves. `version` as MHD_get_version() says it. */
bool sl_mhd_head_is_known(const char *version);

#endif

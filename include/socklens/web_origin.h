/* A web origin: scheme, host and port, as a browser writes it into Origin (RFC 6454 section 6.2).
 */
#ifndef SOCKLENS_WEB_ORIGIN_H
#define SOCKLENS_WEB_ORIGIN_H

#include <stdbool.h>

#define SL_WEB_ORIGIN_SIZE 280 /* "https://", a host of 255 bytes, a port, NUL */

/* Normal form: lower case, without the scheme's own port (80 or 443). Two origins are the same
 * where their texts are. */
struct sl_web_origin {
    char text[SL_WEB_ORIGIN_SIZE];
};

/* Parses http://HOST[:PORT] or https://HOST[:PORT] with nothing behind it; HOST is ASCII, an IPv6
 * address in brackets. False, and nothing written, where it is none. */
bool sl_web_origin_parse(const char *text, struct sl_web_origin *origin);

#endif

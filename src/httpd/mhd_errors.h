/* What libmicrohttpd answers itself, before any callback - malformed heads and chunks (400), heads
 * too large (414, 431), versions (505) -, as problem+json with the headers that every answer has.
 */
#ifndef SOCKLENS_HTTPD_MHD_ERRORS_H
#define SOCKLENS_HTTPD_MHD_ERRORS_H

#include <microhttpd.h>

/* MHD_queue_response for our own answers, which are left as they are. */
enum MHD_Result sl_mhd_own_queue_response(struct MHD_Connection *connection, unsigned status,
                                          struct MHD_Response *response);

#endif

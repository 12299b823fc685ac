/* An answer as libmicrohttpd wants it. */
#ifndef SOCKLENS_HTTPD_RESPONSE_H
#define SOCKLENS_HTTPD_RESPONSE_H

#include <microhttpd.h>

#include "socklens/request.h"

/* Queues the answer with the headers that every answer has; takes over what it owns. MHD_NO where
 * that failed: then the connection has to end. */
enum MHD_Result sl_response_queue(struct MHD_Connection *connection, struct sl_request *request,
                                  struct sl_answer *answer);

#endif

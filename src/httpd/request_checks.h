/* What every request goes through before and around its step function, without libmicrohttpd. */
#ifndef SOCKLENS_HTTPD_REQUEST_CHECKS_H
#define SOCKLENS_HTTPD_REQUEST_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "socklens/request.h"

/* A body that is refused is still read, and thrown away, up to this: then the connection ends. */
#define SL_REQUEST_DISCARD_MAX ((size_t)1 << 20)

/* NULL where there is no memory. Takes connection->target; counts in httpd->requests. The caller
 * fills `headers` before sl_request_head. */
struct sl_request *sl_request_new(struct sl_httpd *httpd, struct sl_http_connection *connection,
                                  const char *method, const char *version);
void sl_request_free(struct sl_request *request);

enum sl_request_check {
    SL_REQUEST_GO_ON, /* read the body, then step; a refusal may be pending */
    SL_REQUEST_CLOSE, /* answer request->refusal now, and close behind it */
};

/* Guard, route, query names, body's size and type. `sound`: the head was read as it was sent. */
enum sl_request_check sl_request_head(struct sl_request *request, bool sound);

/* Bytes of the body; false where the connection should end. */
bool sl_request_body(struct sl_request *request, const char *bytes, size_t size);

/* What all bodies together may hold in memory: of requests until they are done with, of answers
 * until their readers, who may take their time, have them. */
#define SL_REQUEST_HELD_MAX ((size_t)128 << 20)
/* A request and its answer up to this size always have room. */
#define SL_REQUEST_HELD_SMALL ((size_t)64 << 10)

/* Answers the refusal, or has the route's function make a step. */
enum sl_step sl_request_step(struct sl_request *request, struct sl_answer *answer);

/* Answers request->refusal. */
void sl_request_answer_refusal(struct sl_request *request, struct sl_answer *answer);

#endif

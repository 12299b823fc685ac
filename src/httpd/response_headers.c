/* The headers of every answer, those that libmicrohttpd makes itself among them. */
#include "httpd/response_headers.h"

#define ROW(name, value) {name, value},

static const struct {
    const char *name, *value;
} common_headers[] = {SL_SECURITY_HEADERS(ROW)};

#define COMMON_HEADER_COUNT (sizeof(common_headers) / sizeof(common_headers[0]))

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

bool sl_response_add_headers(struct MHD_Response *response, const struct sl_answer *answer)
{
    bool added = add(response, "Cache-Control", answer->cacheable ? "no-cache" : "no-store");

    if (added && answer->body_stream) /* or nginx would keep an event until more have come */
        added = add(response, "X-Accel-Buffering", "no");
    for (size_t i = 0; i < COMMON_HEADER_COUNT && added; i++)
        added = add(response, common_headers[i].name, common_headers[i].value);
    for (size_t i = 0; i < answer->header_count && added; i++)
        added = add(response, answer->headers[i].name, answer->headers[i].value);
    if (added && answer->content_type)
        added = add(response, "Content-Type", answer->content_type);
    if (added && answer->close)
        added = add(response, "Connection", "close");
    return added;
}

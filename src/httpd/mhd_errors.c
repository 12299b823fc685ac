/* libmicrohttpd has no hook for its own answers, which are HTML without any of our headers. But it
 * queues them by calling MHD_queue_response through the dynamic linker, so a function of that name
 * in the program stands in front of its own (ld.so(8), symbol interposition). Our answers go round
 * it. Where libmicrohttpd is linked so that it calls itself directly, this does nothing and its
 * answers stay as they are.
 *
 * The same with MHD_lookup_connection_value_n, by which it asks for the few fields that it goes by.
 * What 0.9.75 answers while it looks at them has its head twice, so it does not get to see
 *   - a Content-Length that it could not read: to it the request has no body, and the guard, which
 *     reads the field by the same rules, refuses it and ends the connection;
 *   - cookies, which are copied to memory that may be used up, and which nobody here asks for.
 * And it takes "chunked" with a blank behind it for another coding, whose body would never end. */
#include "httpd/mhd_errors.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpd/response_headers.h"
#include "httpd/state.h"
#include "socklens/header.h"
#include "socklens/query.h"

typedef enum MHD_Result queue_response(struct MHD_Connection *connection, unsigned int status_code,
                                       struct MHD_Response *response);
typedef enum MHD_Result look_up(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                const char *key, size_t key_size, const char **value,
                                size_t *value_size);

/* libmicrohttpd's own function, looked for once. */
static void *find_next(const char *name, _Atomic(void *) *found)
{
    if (!*found)
        *found = dlsym(RTLD_NEXT, name);
    return *found;
}

enum MHD_Result sl_mhd_own_queue_response(struct MHD_Connection *connection, unsigned status,
                                          struct MHD_Response *response)
{
    static _Atomic(void *) found;
    queue_response *next;

    *(void **)&next = find_next("MHD_queue_response", &found);
    return next ? next(connection, status, response) : MHD_NO;
}

static bool is(const char *text, size_t size, const char *name)
{
    return strlen(name) == size && strncasecmp(text, name, size) == 0;
}

/* What libmicrohttpd gets to see of a field; false: there is none. */
static bool show(struct sl_header *field)
{
    uint64_t length;

    sl_header_trim(field);
    if (is(field->name, field->name_size, "Cookie"))
        return false;
    if (is(field->name, field->name_size, "Content-Length"))
        return sl_parse_uint_n(field->value, field->value_size, &length);
    if (is(field->name, field->name_size, "Transfer-Encoding") &&
        is(field->value, field->value_size, "chunked"))
        field->value = "chunked"; /* with a NUL behind it, by which it goes here */
    return true;
}

/* Only libmicrohttpd itself comes here. */
__attribute__((visibility("default"))) enum MHD_Result
MHD_lookup_connection_value_n(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                              const char *key, size_t key_size, const char **value_ptr,
                              size_t *value_size_ptr)
{
    static _Atomic(void *) found;
    struct sl_header field = {.name = key, .name_size = key_size};
    look_up *next;

    *(void **)&next = find_next("MHD_lookup_connection_value_n", &found);
    if (!next || next(connection, kind, key, key_size, &field.value, &field.value_size) != MHD_YES)
        return MHD_NO;
    if (kind == MHD_HEADER_KIND && !show(&field))
        return MHD_NO;
    if (value_ptr)
        *value_ptr = field.value;
    if (value_size_ptr)
        *value_size_ptr = field.value_size;
    return MHD_YES;
}

static const char *detail_of(unsigned status)
{
    switch (status) {
    case 413:
        return "the body or a chunk of it is too large";
    case 414:
        return "the request target is too long";
    case 431:
        return "the request's header fields are too large";
    case 505:
        return "the only versions here are HTTP/1.1 and HTTP/1.0";
    default:
        return status < 500 ? "the request is malformed" : "the request could not be answered";
    }
}

static struct MHD_Response *problem_response(unsigned status)
{
    struct sl_answer answer = {.close = true};
    struct MHD_Response *response;
    struct sl_problem problem;

    sl_problem_set(&problem, status, NULL, NULL, "%s", detail_of(status));
    sl_answer_problem(&answer, &problem);
    response =
        MHD_create_response_from_buffer(answer.body.size, answer.body.data, MHD_RESPMEM_MUST_COPY);
    if (response && !sl_response_add_headers(response, &answer)) {
        MHD_destroy_response(response);
        response = NULL;
    }
    sl_answer_deinit(&answer);
    return response;
}

static void count(struct MHD_Connection *connection, unsigned status)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const struct sl_http_connection *context = info ? info->socket_context : NULL;

    if (context)
        sl_traffic_count(&context->httpd->traffic, NULL, status);
}

/* Only libmicrohttpd itself comes here. */
__attribute__((visibility("default"))) enum MHD_Result
MHD_queue_response(struct MHD_Connection *connection, unsigned int status_code,
                   struct MHD_Response *response)
{
    struct MHD_Response *problem;
    enum MHD_Result result;

    if (status_code == 500) /* a chunk's first line that is larger than its memory */
        status_code = 413;
    problem = problem_response(status_code);
    result = sl_mhd_own_queue_response(connection, status_code, problem ? problem : response);
    if (problem)
        MHD_destroy_response(problem);
    if (result == MHD_YES)
        count(connection, status_code);
    return result;
}

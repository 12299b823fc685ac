/* A request's head: METHOD TARGET VERSION, then a "name: value" a line. */
#include <stdio.h>

#include "fuzz.h"

#include "httpd/guard.h"
#include "httpd/token.h"

#define TOKEN "0123456789abcdef"

static void add_field(struct sl_headers *headers, char *line)
{
    char *value = strchr(line, ':');

    if (headers->count == SL_HEADERS_MAX) {
        headers->overflow = true;
        return;
    }
    if (value)
        *value++ = '\0';
    else
        value = line + strlen(line);
    headers->items[headers->count++] = (struct sl_header){line, value, strlen(line), strlen(value)};
}

/* What a request that passed may rely on. */
static void check_passed(const struct sl_guard_request *request)
{
    struct sl_guard_body body = sl_guard_body(request->headers);

    demand(*request->target == '/');
    demand(!request->headers->overflow);
    demand(sl_headers_count(request->headers, "Host") <= 1);
    demand(sl_headers_count(request->headers, "Content-Length") <= 1);
    demand(!body.chunked || (!sl_headers_get(request->headers, "Content-Length") &&
                             sl_headers_count(request->headers, "Transfer-Encoding") == 1));
}

/* Only who shows the token, once, comes in. */
static void check_token(const struct sl_headers *headers)
{
    const char *shown = sl_headers_get(headers, "Authorization");
    struct sl_problem problem = {0};
    static const struct sl_tokens tokens = {.full = TOKEN};
    unsigned status = sl_tokens_check(&tokens, headers, true, &problem);

    demand(status == 0 || status == 401);
    demand((status == 0) ==
           (shown && sl_headers_count(headers, "Authorization") == 1 &&
            strncasecmp(shown, "Bearer ", 7) == 0 && strcmp(shown + 7, TOKEN) == 0));
}

static void check(const struct sl_guard_request *request, const struct sl_hosts *hosts)
{
    struct sl_buffer document = SL_BUFFER_INIT;
    struct sl_problem problem = {0};
    unsigned status = sl_guard_frame(request, hosts, &problem);

    demand(status == problem.status);
    if (status)
        demand(sl_problem_write(&problem, &document) == 0);
    else
        check_passed(request);
    sl_guard_origin(request->headers, hosts, false, &problem);
    sl_guard_content_type(request->headers, &problem);
    sl_guard_site(request->headers, &problem);
    check_token(request->headers);
    sl_guard_accept(request->headers, "application/json", &problem);
    sl_guard_has_body(request->headers, &problem);
    sl_list_has(sl_headers_get(request->headers, "Accept-Encoding"), "gzip");
    sl_buffer_deinit(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size), *rest = text, *line = strsep(&rest, "\n");
    const char *method = strsep(&line, " "), *target = strsep(&line, " ");
    struct sl_address local = {.family = AF_INET, .port = 8080, .ip = {127, 0, 0, 1}};
    struct sl_headers headers = {0};
    struct sl_guard_request request = {.method = method,
                                       .target = target ? target : "",
                                       .version = line ? line : "HTTP/1.1",
                                       .headers = &headers,
                                       .local = &local};
    struct sl_hosts hosts;

    while ((line = strsep(&rest, "\n")))
        add_field(&headers, line);
    demand(sl_headers_own(&headers) == 0 && sl_hosts_init(&hosts, NULL, 0, NULL, 0) == 0);
    check(&request, &hosts);
    sl_hosts_deinit(&hosts);
    sl_headers_deinit(&headers);
    free(text);
    return 0;
}

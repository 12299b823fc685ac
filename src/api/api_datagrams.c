#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/datagram.h"
#include "socklens/message_json.h"
#include "socklens/test_datagram.h"

#define DATAGRAMS_MAX 64 /* whose reply is awaited at once */
/* To others than our own listeners: ten a second, and as many at once. */
#define FOREIGN_INTERVAL_NS (SL_NS_PER_S / 10)
#define FOREIGN_BURST_NS    SL_NS_PER_S
#define FOREIGN_RETRY_S     1 /* the next is allowed after FOREIGN_INTERVAL_NS at most */

/* What a test datagram keeps between its steps. */
struct pending {
    struct sl_api *api;
    struct sl_datagram datagram;
    struct sl_test_datagram test;
    struct sl_buffer reply;
    int64_t rtt_us;
    bool counted, open, replied, timed_out;
};

/* What went elsewhere came to none of our listeners, and its port may now be a program's. */
static void close_test(struct pending *pending)
{
    if (pending->datagram.foreign)
        sl_registry_take_test(pending->api->registry, &pending->test.from);
    sl_test_datagram_close(&pending->test);
    pending->open = false;
}

static void free_pending(void *state)
{
    struct pending *pending = state;

    if (pending->open)
        close_test(pending);
    if (pending->counted)
        atomic_fetch_sub(&pending->api->datagrams, 1);
    sl_buffer_deinit(&pending->reply);
    sl_datagram_deinit(&pending->datagram);
    free(pending);
}

/* 403 is for what this gateway forbids: what a route or a firewall refuses is a failure on the way.
 */
static unsigned status_of(const struct sl_test_datagram *test, uint16_t from_port, int code)
{
    if (test->step == SL_TEST_DATAGRAM_BIND && from_port && code == -EADDRINUSE)
        return 409;
    if (test->step == SL_TEST_DATAGRAM_BIND && code == -EACCES)
        return 403;
    switch (-code) {
    case EMSGSIZE:
        return 413;
    case EADDRINUSE: /* all ports are */
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return 503;
    default:
        return 502;
    }
}

static unsigned send_datagram(struct sl_request *request, struct pending *pending,
                              struct sl_problem *problem)
{
    const struct sl_datagram *datagram = &pending->datagram;
    struct sl_error error = {{0}};
    char to[SL_ADDRESS_TEXT_SIZE], who[SL_ADDRESS_TEXT_SIZE];
    int code;

    code = sl_test_datagram_send(&pending->test, sl_api_of(request)->registry, &datagram->to,
                                 datagram->from_port, datagram->payload.data,
                                 datagram->payload.size, &error);
    if (code < 0)
        return sl_problem_set(problem, status_of(&pending->test, datagram->from_port, code),
                              pending->test.step == SL_TEST_DATAGRAM_BIND ? "from_port" : NULL,
                              NULL, "%s", error.text);
    pending->open = true;
    sl_address_format(&datagram->to, to);
    sl_address_format(sl_request_peer(request), who);
    sl_log_info(sl_api_of(request)->log, "test datagram of %zu bytes to %s, asked for by %s",
                datagram->payload.size, to, who);
    return 0;
}

/* The generic cell rate algorithm, for all who ask together. On the HTTP thread. */
static bool admit_foreign(struct sl_api *api)
{
    int64_t now_ns = sl_clock_mono_ns();
    int64_t full_at_ns = api->sends_full_at_ns > now_ns ? api->sends_full_at_ns : now_ns;

    if (full_at_ns + FOREIGN_INTERVAL_NS > now_ns + FOREIGN_BURST_NS)
        return false;
    api->sends_full_at_ns = full_at_ns + FOREIGN_INTERVAL_NS;
    return true;
}

static unsigned refuse_foreign(struct sl_problem *problem)
{
    sl_problem_set(problem, 429, "to", "10 a second",
                   "too many test datagrams to others than our own listeners");
    problem->retry_after_s = FOREIGN_RETRY_S;
    return problem->status;
}

static unsigned begin_checked(struct sl_request *request, struct pending *pending,
                              struct sl_problem *problem)
{
    struct sl_api *api = sl_api_of(request);
    unsigned status;

    pending->api = api;
    pending->counted = true;
    if (atomic_fetch_add(&api->datagrams, 1) >= DATAGRAMS_MAX)
        return sl_problem_set(problem, 429, NULL, NULL, "too many test datagrams at once");
    status = sl_datagram_parse(&pending->datagram, request->body.data, request->body.size,
                               api->registry, &api->targets, problem);
    if (!status && pending->datagram.foreign && !admit_foreign(api))
        return refuse_foreign(problem);
    return status ? status : send_datagram(request, pending, problem);
}

static bool begin(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_problem problem = {.status = 503, .detail = "out of memory"};
    struct pending *pending = calloc(1, sizeof(*pending));

    request->state = pending;
    request->free_state = free_pending;
    if (!pending || begin_checked(request, pending, &problem) != 0) {
        sl_answer_problem(answer, &problem);
        return false;
    }
    request->waiter.fd = pending->test.fd;
    request->waiter.deadline_ns = sl_clock_mono_ns() + pending->datagram.timeout_ns;
    sl_waiters_add(sl_httpd_waiters(request->httpd), &request->waiter);
    return true;
}

/* True where the wait is over: 1 with a reply, else 0 or what the kernel said. */
static bool is_over(struct sl_request *request, struct pending *pending, int *code)
{
    unsigned due = sl_waiters_take(sl_httpd_waiters(request->httpd), &request->waiter);

    *code = sl_test_datagram_receive(&pending->test, &pending->reply, &pending->rtt_us);
    pending->replied = *code == 1;
    pending->timed_out = *code == 0;
    return *code != 0 || due & SL_DUE_STOP || sl_clock_mono_ns() >= request->waiter.deadline_ns;
}

static void write_result(const struct pending *pending, struct sl_answer *answer)
{
    const struct sl_buffer *sent = &pending->datagram.payload, *reply = &pending->reply;
    struct sl_json json;

    sl_json_init(&json, &answer->body);
    sl_json_open_object(&json);
    sl_json_key(&json, "from");
    sl_address_json(&json, &pending->test.from);
    sl_json_key(&json, "to");
    sl_address_json(&json, &pending->test.to);
    sl_json_key(&json, "sent");
    sl_payload_json(&json, sent->data, sent->size, sent->size);
    sl_json_key(&json, "reply");
    if (pending->replied)
        sl_payload_json(&json, reply->data, reply->size, reply->size);
    else
        sl_json_null(&json);
    sl_json_key(&json, "reply_from");
    if (pending->replied)
        sl_address_json(&json, &pending->test.reply_from);
    else
        sl_json_null(&json);
    sl_json_key(&json, "rtt_us");
    if (pending->replied)
        sl_json_int(&json, pending->rtt_us);
    else
        sl_json_null(&json);
    sl_json_key(&json, "timed_out");
    sl_json_bool(&json, pending->timed_out);
    sl_json_close_object(&json);
    sl_answer_json(answer, json.failed);
}

enum sl_step sl_api_datagram(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_problem problem;
    struct pending *pending;
    int code;

    if (!request->state && !begin(request, answer))
        return SL_STEP_ANSWER;
    pending = request->state;
    if (!is_over(request, pending, &code))
        return SL_STEP_WAIT;
    /* Before the answer: who has it may send from the same port again. */
    sl_waiters_remove(sl_httpd_waiters(request->httpd), &request->waiter);
    close_test(pending);
    if (code < 0) {
        sl_problem_set(&problem, 502, NULL, NULL, "the datagram was sent, but came to nothing: %s",
                       sl_test_datagram_error_text(SL_TEST_DATAGRAM_SEND, code));
        return sl_request_refuse(answer, &problem);
    }
    write_result(pending, answer);
    return SL_STEP_ANSWER;
}

/* POST /datagrams: sends one test datagram and waits for its reply. As whoever may use the
 * dashboard could send to anybody with it, its target must be one of our own listeners or allowed.
 * */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_datagrams.h"
#include "api/state.h"
#include "socklens/clock.h"
#include "socklens/json_body.h"
#include "socklens/message_json.h"
#include "socklens/query.h"
#include "socklens/test_datagram.h"
#include "socklens/text.h"

enum { LISTENER, TO, TEXT, BASE64, HEX, FROM_PORT, TIMEOUT, MEMBERS };

/* --- the payload --- */

static unsigned no_memory(struct sl_problem *problem)
{
    return sl_problem_set(problem, 503, NULL, NULL, "out of memory");
}

static unsigned decode(struct sl_datagram *datagram, const struct sl_member *member,
                       int (*decoder)(const char *, struct sl_buffer *), const char *allowed,
                       struct sl_problem *problem)
{
    int code = decoder(member->text, &datagram->payload);

    if (code == -ENOMEM)
        return no_memory(problem);
    if (code < 0)
        return sl_problem_set(problem, 400, member->name, allowed, "%s is malformed", member->name);
    return 0;
}

static int copy_text(const char *text, struct sl_buffer *out)
{
    return sl_buffer_append(out, text, strlen(text));
}

static unsigned read_payload(struct sl_datagram *datagram, const struct sl_member *members,
                             struct sl_problem *problem)
{
    const struct sl_member *given = NULL;
    unsigned status;

    for (int i = TEXT; i <= HEX; i++) {
        if (members[i].present && given)
            return sl_problem_set(problem, 400, members[i].name, "one of text, base64, hex",
                                  "%s next to %s", members[i].name, given->name);
        if (members[i].present)
            given = &members[i];
    }
    if (!given)
        return sl_problem_set(problem, 400, "text", "one of text, base64, hex",
                              "there is nothing to send");
    if (given == &members[TEXT])
        status = decode(datagram, given, copy_text, NULL, problem);
    else if (given == &members[BASE64])
        status = decode(datagram, given, sl_text_from_base64, "base64", problem);
    else
        status = decode(datagram, given, sl_text_from_hex, "pairs of hexadecimal digits", problem);
    if (!status && datagram->payload.size > SL_DATAGRAM_MAX)
        status = sl_problem_set(problem, 413, given->name, "at most 65507 bytes",
                                "a datagram cannot carry %zu bytes", datagram->payload.size);
    return status;
}

/* --- the target --- */

static struct sl_address reachable(const struct sl_listener_info *listener)
{
    struct sl_address address = listener->address;

    if (!sl_address_is_wildcard(&address))
        return address;
    inet_pton(address.family, address.family == AF_INET ? "127.0.0.1" : "::1", address.ip);
    return address;
}

static unsigned target_by_service(struct sl_datagram *datagram, const char *name,
                                  const struct sl_registry *registry, struct sl_problem *problem)
{
    size_t count = sl_registry_listener_count(registry);

    for (size_t i = 0; i < count; i++) {
        const struct sl_listener_info *listener = sl_registry_listener(registry, i);

        if (listener->transport == SL_UDP &&
            strcmp(sl_service_id_name(listener->service), name) == 0) {
            datagram->to = reachable(listener);
            return 0;
        }
    }
    return sl_problem_set(problem, 400, "listener", "a UDP service that listens, as in udp-upper",
                          "no UDP listener runs \"%s\"", sl_quote(name).text);
}

static unsigned parse_address(const char *text, struct sl_address *address,
                              struct sl_problem *problem)
{
    bool has_port;

    if (!sl_address_parse(text, address, &has_port) || !has_port || address->family == AF_UNIX)
        return sl_problem_set(problem, 400, "to", "IP:PORT, as in 127.0.0.1:12000 or [::1]:12000",
                              "\"%s\" is not an address with a port", sl_quote(text).text);
    if (address->family == AF_INET6 && sl_address_is_link_local(address) && !address->scope_id)
        return sl_problem_set(problem, 400, "to",
                              "a link-local address with its interface, as in "
                              "[fe80::1%eth0]:12000",
                              "\"%s\" names no interface of this machine", sl_quote(text).text);
    return 0;
}

/* Has an interface of this machine this IP? */
static bool is_local(const struct sl_address *ip)
{
    struct ifaddrs *all, *one;
    bool found = false;

    if (sl_address_is_loopback(ip))
        return true;
    if (getifaddrs(&all) != 0)
        return false;
    for (one = all; one && !found; one = one->ifa_next) {
        struct sl_address own;

        if (!one->ifa_addr || one->ifa_addr->sa_family != ip->family)
            continue;
        own = sl_address_from_sockaddr(one->ifa_addr, ip->family == AF_INET
                                                          ? sizeof(struct sockaddr_in)
                                                          : sizeof(struct sockaddr_in6));
        own.port = ip->port;
        found = sl_address_equal(&own, ip);
    }
    freeifaddrs(all);
    return found;
}

/* A wildcard listener is at each address of this machine, as its clients' local addresses are. */
static bool is_at(const struct sl_listener_info *listener, const struct sl_address *to)
{
    const struct sl_address *own = &listener->address;

    if (listener->transport != SL_UDP || own->family != to->family || own->port != to->port)
        return false;
    return sl_address_equal(own, to) || (sl_address_is_wildcard(own) && is_local(to));
}

static unsigned target_elsewhere(struct sl_datagram *datagram, const char *text,
                                 const struct sl_address *to, const struct sl_targets *targets,
                                 struct sl_problem *problem)
{
    if (!sl_targets_cover(targets, to))
        return sl_problem_set(problem, 403, "to",
                              "an own UDP listener's address, or what --allow-target allows",
                              "%s is not one of our own UDP listeners", sl_quote(text).text);
    if (datagram->payload.size > SL_DATAGRAM_FOREIGN_MAX)
        return sl_problem_set(problem, 413, "to", "at most 1472 bytes",
                              "%zu bytes are too many to be sent elsewhere",
                              datagram->payload.size);
    datagram->to = *to;
    datagram->foreign = true;
    return 0;
}

static unsigned target_by_address(struct sl_datagram *datagram, const char *text,
                                  const struct sl_registry *registry,
                                  const struct sl_targets *targets, struct sl_problem *problem)
{
    size_t count = sl_registry_listener_count(registry);
    struct sl_address to;
    unsigned status = parse_address(text, &to, problem);

    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (is_at(sl_registry_listener(registry, i), &to)) {
            datagram->to =
                sl_address_is_wildcard(&to) ? reachable(sl_registry_listener(registry, i)) : to;
            return 0;
        }
    }
    return target_elsewhere(datagram, text, &to, targets, problem);
}

static unsigned read_target(struct sl_datagram *datagram, const struct sl_member *members,
                            const struct sl_registry *registry, const struct sl_targets *targets,
                            struct sl_problem *problem)
{
    if (members[LISTENER].present == members[TO].present)
        return sl_problem_set(problem, 400, "to", "either listener or to",
                              members[TO].present ? "to next to listener" : "no target");
    if (members[LISTENER].present)
        return target_by_service(datagram, members[LISTENER].text, registry, problem);
    return target_by_address(datagram, members[TO].text, registry, targets, problem);
}

unsigned sl_datagram_parse(struct sl_datagram *datagram, const void *body, size_t size,
                           const struct sl_registry *registry, const struct sl_targets *targets,
                           struct sl_problem *problem)
{
    struct sl_member members[MEMBERS] = {
        [LISTENER] = {.name = "listener"},
        [TO] = {.name = "to"},
        [TEXT] = {.name = "text"},
        [BASE64] = {.name = "base64"},
        [HEX] = {.name = "hex"},
        [FROM_PORT] = {.name = "from_port", .type = SL_MEMBER_NUMBER, .max = UINT16_MAX},
        [TIMEOUT] = {.name = "timeout_ms",
                     .type = SL_MEMBER_NUMBER,
                     .min = 1,
                     .max = SL_DATAGRAM_TIMEOUT_MS_MAX,
                     .number = SL_DATAGRAM_TIMEOUT_MS},
    };
    unsigned status;

    *datagram = (struct sl_datagram){0};
    status = sl_members_parse(members, MEMBERS, body, size, problem);
    if (!status)
        status = read_payload(datagram, members, problem);
    if (!status)
        status = read_target(datagram, members, registry, targets, problem);
    datagram->from_port = (uint16_t)members[FROM_PORT].number;
    datagram->timeout_ns = members[TIMEOUT].number * SL_NS_PER_MS;
    sl_members_deinit(members, MEMBERS);
    return status;
}

void sl_datagram_deinit(struct sl_datagram *datagram)
{
    sl_buffer_deinit(&datagram->payload);
}

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

/* 403 is for what this server forbids: what a route or a firewall refuses is a failure on the way.
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
        sl_problem_set(&problem, 502, NULL, NULL, "the datagram was sent, no reply: %s",
                       sl_test_datagram_error_text(SL_TEST_DATAGRAM_SEND, code));
        return sl_request_refuse(answer, &problem);
    }
    write_result(pending, answer);
    return SL_STEP_ANSWER;
}

#include "socklens/exchange.h"

#include <string.h>

static const char *const service_names[SL_SERVICE_COUNT] = {
    [SL_UDP_UPPER] = "udp-upper",
    [SL_TCP_UPPER] = "tcp-upper",
    [SL_TCP_CHAT] = "tcp-chat",
};

static const char *const outcome_names[SL_OUTCOME_COUNT] = {
    [SL_REPLIED] = "replied",
    [SL_REPLY_TOO_LARGE] = "reply_too_large",
    [SL_REFUSED_OWN_LISTENER] = "refused_own_listener",
    [SL_REFUSED_REFLECTING_PORT] = "refused_reflecting_port",
    [SL_REFUSED_NOT_UNICAST] = "refused_not_unicast",
    [SL_REFUSED_RATE_LIMIT] = "refused_rate_limit",
    [SL_SEND_FAILED] = "send_failed",
    [SL_PEER_GONE] = "peer_gone",
    [SL_AFTER_CLOSE] = "after_close",
    [SL_UNFINISHED] = "unfinished",
    [SL_REFUSED_LOOP] = "refused_loop",
};

static const char *const closed_by_names[SL_CLOSED_BY_COUNT] = {
    [SL_BY_PEER] = "peer",
    [SL_BY_SERVER] = "server",
    [SL_BY_OPERATOR] = "operator",
};

static const char *const close_reason_names[SL_CLOSE_REASON_COUNT] = {
    [SL_CLOSE_EXIT] = "exit",
    [SL_CLOSE_ANSWERED] = "answered",
    [SL_CLOSE_EOF] = "eof",
    [SL_CLOSE_RESET] = "reset",
    [SL_CLOSE_IDLE_TIMEOUT] = "idle_timeout",
    [SL_CLOSE_DISCONNECTED] = "disconnected",
    [SL_CLOSE_SHUTDOWN] = "shutdown",
    [SL_CLOSE_FORGOTTEN] = "forgotten",
    [SL_CLOSE_EVICTED] = "evicted",
    [SL_CLOSE_ERROR] = "error",
    [SL_CLOSE_UNFINISHED] = "unfinished_limit",
};

/* A number from a file of a newer version must still print. */
static const char *name_of(const char *const *names, unsigned count, unsigned index)
{
    return index < count ? names[index] : "unknown";
}

static bool index_of(const char *const *names, unsigned count, const char *name, unsigned *index)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

const char *sl_line_end_name(uint8_t line_end)
{
    static const char *const names[SL_LINE_END_COUNT] = {"none", "lf", "crlf"};

    return line_end < SL_LINE_END_COUNT ? names[line_end] : "none";
}

const char *sl_line_end_bytes(enum sl_line_end line_end)
{
    static const char *const bytes[SL_LINE_END_COUNT] = {"", "\n", "\r\n"};

    return line_end < SL_LINE_END_COUNT ? bytes[line_end] : "";
}

void sl_counters_add(struct sl_counters *sum, const struct sl_counters *more)
{
    sum->received_messages += more->received_messages;
    sum->received_bytes += more->received_bytes;
    sum->sent_messages += more->sent_messages;
    sum->sent_bytes += more->sent_bytes;
    sum->refused += more->refused;
    sum->unanswered += more->unanswered;
}

void sl_counters_add_outcome(struct sl_counters *sum, uint8_t outcome)
{
    switch ((enum sl_outcome)outcome) {
    case SL_REPLIED:
        sum->sent_messages++;
        break;
    case SL_REFUSED_OWN_LISTENER:
    case SL_REFUSED_REFLECTING_PORT:
    case SL_REFUSED_NOT_UNICAST:
    case SL_REFUSED_RATE_LIMIT:
    case SL_REFUSED_LOOP:
        sum->refused++;
        break;
    case SL_REPLY_TOO_LARGE:
    case SL_SEND_FAILED:
    case SL_PEER_GONE:
    case SL_AFTER_CLOSE:
    case SL_UNFINISHED:
    case SL_OUTCOME_COUNT:
        sum->unanswered++;
        break;
    }
}

const char *sl_service_id_name(enum sl_service_id service)
{
    return name_of(service_names, SL_SERVICE_COUNT, service);
}

bool sl_service_id_parse(const char *name, enum sl_service_id *service)
{
    unsigned index;

    if (!index_of(service_names, SL_SERVICE_COUNT, name, &index))
        return false;
    *service = (enum sl_service_id)index;
    return true;
}

const char *sl_outcome_name(enum sl_outcome outcome)
{
    return name_of(outcome_names, SL_OUTCOME_COUNT, outcome);
}

bool sl_outcome_parse(const char *name, enum sl_outcome *outcome)
{
    unsigned index;

    if (!index_of(outcome_names, SL_OUTCOME_COUNT, name, &index))
        return false;
    *outcome = (enum sl_outcome)index;
    return true;
}

const char *sl_closed_by_name(enum sl_closed_by by)
{
    return name_of(closed_by_names, SL_CLOSED_BY_COUNT, by);
}

const char *sl_close_reason_name(enum sl_close_reason reason)
{
    return name_of(close_reason_names, SL_CLOSE_REASON_COUNT, reason);
}

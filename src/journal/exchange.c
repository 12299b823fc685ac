/* Names of services, outcomes and reasons, made from the lists in exchange.h and services.h. */
#include "socklens/exchange.h"

#include <string.h>

#define NAME(constant, name, ...)                name,
#define CLASS(constant, name, class_of_constant) class_of_constant,

static const char *const service_names[SL_SERVICE_COUNT] = {SL_SERVICE_LIST(NAME)};
static const char *const outcome_names[SL_OUTCOME_COUNT] = {SL_OUTCOME_LIST(NAME)};
static const char *const closed_by_names[SL_CLOSED_BY_COUNT] = {SL_CLOSED_BY_LIST(NAME)};
static const char *const close_reason_names[SL_CLOSE_REASON_COUNT] = {SL_CLOSE_REASON_LIST(NAME)};
static const uint8_t outcome_classes[SL_OUTCOME_COUNT] = {SL_OUTCOME_LIST(CLASS)};

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
    switch (outcome < SL_OUTCOME_COUNT ? outcome_classes[outcome] : SL_COUNTS_AS_UNANSWERED) {
    case SL_COUNTS_AS_SENT:
        sum->sent_messages++;
        break;
    case SL_COUNTS_AS_REFUSED:
        sum->refused++;
        break;
    default:
        sum->unanswered++;
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

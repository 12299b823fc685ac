/* Near misses. A message that misses by one term is most often the one that was meant: lost by a
 * rule, from another port, with one byte less. */
#include "api/near.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "socklens/clock.h"
#include "socklens/effect.h"

#define VALUE_SIZE 64

#define TERM_NAME(name, ...) [SL_TERM_##name] = #name,

static const char *const term_names[SL_TERM_SEVERAL] = {SL_FILTER_LIST(TERM_NAME)};

/* What was asked, as it was asked: a list may stand in several parameters. */
static void write_wanted(const struct sl_query *query, const char *name, char text[VALUE_SIZE])
{
    size_t size = 0;

    for (size_t i = 0; i < query->count && size < VALUE_SIZE; i++) {
        if (strcmp(query->params[i].declared->name, name) == 0)
            size += (size_t)snprintf(text + size, VALUE_SIZE - size, "%s%s", size ? "," : "",
                                     query->params[i].value);
    }
    sl_text_trim(text);
}

/* ` (rule kurose)`: the last of those that hit it. */
static void write_rule(const struct sl_record *record, char text[VALUE_SIZE])
{
    static const char key[] = "{\"rule\":\"";
    const char *note = sl_record_note(record), *end = note + record->note_size, *at, *name = NULL;

    while ((at = memmem(note, (size_t)(end - note), key, sizeof(key) - 1)))
        name = note = at + sizeof(key) - 1;
    text[0] = '\0';
    if (name && (at = memchr(name, '"', (size_t)(end - name))))
        snprintf(text, VALUE_SIZE, " (rule %.*s)", (int)(at - name), name);
}

static void write_outcome(const struct sl_record *record, char text[SL_PROBLEM_NEAR_SIZE])
{
    uint8_t outcome = record->exchange.outcome;
    char rule[VALUE_SIZE] = "";

    if (outcome == SL_LOST || outcome == SL_REPLY_LOST)
        write_rule(record, rule);
    snprintf(text, SL_PROBLEM_NEAR_SIZE, "outcome is %s%s", sl_outcome_name(outcome), rule);
}

static void write_faults(const struct sl_record *record, char text[SL_PROBLEM_NEAR_SIZE])
{
    size_t size = (size_t)snprintf(text, SL_PROBLEM_NEAR_SIZE, "fault is ");

    if (record->exchange.fault_bits == 0)
        snprintf(text + size, SL_PROBLEM_NEAR_SIZE - size, "none");
    for (unsigned effect = 1; effect <= 16 && size < SL_PROBLEM_NEAR_SIZE; effect++) {
        const char *name = sl_effect_name(effect);

        if (name && record->exchange.fault_bits & 1u << (effect - 1))
            size += (size_t)snprintf(text + size, SL_PROBLEM_NEAR_SIZE - size, "%s%s",
                                     text[size - 1] == ' ' ? "" : ",", name);
    }
}

/* What the message has where the filter asks for something else. */
static void write_found(const struct sl_record *record, enum sl_filter_term term,
                        char text[SL_PROBLEM_NEAR_SIZE])
{
    const struct sl_exchange *exchange = &record->exchange;
    uint64_t received = exchange->received_size, sent = exchange->sent_size;
    char word[SL_ADDRESS_TEXT_SIZE > SL_RFC3339_SIZE ? SL_ADDRESS_TEXT_SIZE : SL_RFC3339_SIZE];

    switch (term) {
    case SL_TERM_service:
    case SL_TERM_service_not:
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "service is %s",
                 sl_service_id_name(exchange->service));
        return;
    case SL_TERM_client:
    case SL_TERM_client_not:
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "client is %" PRIu64, exchange->client);
        return;
    case SL_TERM_address:
    case SL_TERM_address_not:
        sl_address_format(&exchange->peer, word);
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "address is %s", word);
        return;
    case SL_TERM_port:
    case SL_TERM_port_not:
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "port is %u", exchange->peer.port);
        return;
    case SL_TERM_outcome:
    case SL_TERM_outcome_not:
        write_outcome(record, text);
        return;
    case SL_TERM_fault:
    case SL_TERM_fault_not:
        write_faults(record, text);
        return;
    case SL_TERM_since:
    case SL_TERM_until:
        sl_clock_format(exchange->received_at_ns, word);
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "received at %s", word);
        return;
    case SL_TERM_min_received:
    case SL_TERM_max_received:
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "received %" PRIu64 " bytes", received);
        return;
    case SL_TERM_min_sent:
    case SL_TERM_max_sent:
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "sent %" PRIu64 " bytes", sent);
        return;
    default:
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "size is %" PRIu64, received > sent ? received : sent);
    }
}

static bool is_of_values(enum sl_filter_term term)
{
    return term == SL_TERM_service || term == SL_TERM_client || term == SL_TERM_address ||
           term == SL_TERM_port || term == SL_TERM_outcome || term == SL_TERM_fault;
}

static void write_sentence(const struct sl_near *near, const struct sl_record *record,
                           enum sl_filter_term term, char text[SL_PROBLEM_NEAR_SIZE])
{
    char found[SL_PROBLEM_NEAR_SIZE] = "", wanted[VALUE_SIZE] = "";
    const char *name = term_names[term];

    write_found(record, term, found);
    write_wanted(near->query, name, wanted);
    if (term == SL_TERM_text || term == SL_TERM_hex)
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "seq %" PRIu64 ": %s %s is in neither side",
                 record->seq, name, wanted);
    else if (is_of_values(term))
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "seq %" PRIu64 ": %.140s, not %s", record->seq, found,
                 wanted);
    else
        snprintf(text, SL_PROBLEM_NEAR_SIZE, "seq %" PRIu64 ": %.120s, but %s is %s", record->seq,
                 found, name, wanted);
    sl_text_trim(text);
}

static bool look_at(void *context, const struct sl_record *record, const char *listener)
{
    struct sl_near *near = context;
    enum sl_filter_term term;

    (void)listener;
    if (near->filter->has_after && record->seq <= near->filter->after_seq)
        return false;
    term = sl_filter_miss(near->filter, record);
    if (term != SL_TERM_NONE && term != SL_TERM_SEVERAL)
        write_sentence(near, record, term, near->problem.near[near->found++]);
    return ++near->looked < SL_NEAR_MESSAGES && near->found < SL_PROBLEM_NEAR;
}

void sl_near_begin(struct sl_near *near, const struct sl_query *query,
                   const struct sl_filter *filter)
{
    *near = (struct sl_near){
        .query = query,
        .filter = filter,
        .walk = {.backward = true,
                 .place = {.seq = UINT64_MAX},
                 .record = look_at,
                 .context = near},
    };
}

bool sl_near_search(struct sl_near *near, struct sl_history *history)
{
    struct sl_budget budget = sl_history_budget(history);

    return sl_history_read(history, &near->walk, &budget) == SL_HISTORY_CUT;
}

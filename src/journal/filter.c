/* Whether an exchange matches a filter. The store's block index and cheap checks come first;
 * payloads are searched last, since only that takes time. */
#include "socklens/filter.h"

#include <errno.h>
#include <string.h>

#include "socklens/clock.h"
#include "socklens/effect.h"
#include "socklens/size.h"
#include "socklens/text.h"

void sl_filter_deinit(struct sl_filter *filter)
{
    sl_buffer_deinit(&filter->text);
    sl_buffer_deinit(&filter->bytes);
    *filter = (struct sl_filter){0};
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool equal_any_case(const uint8_t *a, const uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

/* Where the largest suffix of the text begins, by the order of letters or by its reverse, and the
 * period of that suffix. */
static size_t find_largest_suffix(const struct sl_buffer *text, bool reverse, size_t *period)
{
    size_t begin = 0, other = 1, same = 0;

    *period = 1;
    while (other + same < text->size) {
        uint8_t a = lower(text->data[begin + same]), b = lower(text->data[other + same]);

        if (a == b && ++same < *period)
            continue;
        if (a == b) {
            other += same;
        } else if (reverse ? b > a : b < a) {
            other += same + 1;
            *period = other - begin;
        } else {
            begin = other++;
            *period = 1;
        }
        same = 0;
    }
    return begin;
}

/* A text cut where no repetition around the cut is shorter than the text's own period, so that a
 * mismatch behind the cut allows a shift over all that was compared. */
struct cut {
    size_t at, shift;
    bool periodic; /* `shift` is the text's period, and what overlaps need not be compared again */
};

static struct cut find_cut(const struct sl_buffer *text)
{
    size_t period, reverse_period;
    size_t at = find_largest_suffix(text, false, &period);
    size_t reverse_at = find_largest_suffix(text, true, &reverse_period);
    struct cut cut = {.at = at, .shift = period};

    if (reverse_at > at)
        cut = (struct cut){.at = reverse_at, .shift = reverse_period};
    cut.periodic = equal_any_case(text->data, text->data + cut.shift, cut.at);
    if (!cut.periodic)
        cut.shift = (cut.at > text->size - cut.at ? cut.at : text->size - cut.at) + 1;
    return cut;
}

/* The two-way search of Crochemore and Perrin (Journal of the ACM 38, 1991): time in proportion to
 * the sum of both sizes, whatever they hold, and no memory. */
static bool contains_any_case(const uint8_t *bytes, size_t size, const struct sl_buffer *text)
{
    struct cut cut;
    size_t known = 0; /* so much of the text's begin is known to match */

    if (text->size > size)
        return false;
    cut = find_cut(text);
    for (size_t at = 0; at <= size - text->size;) {
        size_t i = cut.at > known ? cut.at : known;

        while (i < text->size && lower(text->data[i]) == lower(bytes[at + i]))
            i++;
        if (i < text->size) {
            at += i - cut.at + 1;
            known = 0;
            continue;
        }
        if (known >= cut.at ||
            equal_any_case(text->data + known, bytes + at + known, cut.at - known))
            return true;
        at += cut.shift;
        known = cut.periodic ? text->size - cut.shift : 0;
    }
    return false;
}

/* memmem() looks at no byte more than a few times either. */
static bool contains(const uint8_t *bytes, size_t size, const struct sl_buffer *needle)
{
    return size >= needle->size && memmem(bytes, size, needle->data, needle->size) != NULL;
}

typedef bool (*search)(const uint8_t *bytes, size_t size, const struct sl_buffer *needle);

static bool either_side(const struct sl_record *record, const struct sl_buffer *needle,
                        search found)
{
    return needle->size == 0 ||
           found(sl_record_received(record), record->exchange.received_stored, needle) ||
           found(sl_record_sent(record), record->exchange.sent_stored, needle);
}

static bool in_set(uint32_t only, uint32_t without, unsigned index)
{
    return index < 32 && sl_filter_bits(only, without) & UINT32_C(1) << index;
}

static bool has_client(const struct sl_filter_peers *peers, uint64_t client)
{
    for (unsigned i = 0; i < peers->client_count; i++) {
        if (peers->clients[i] == client)
            return true;
    }
    return false;
}

static bool is_at(const struct sl_filter_address *wanted, const struct sl_address *peer)
{
    const struct sl_address *ip = &wanted->ip;

    return ip->family == peer->family && memcmp(ip->ip, peer->ip, sizeof(ip->ip)) == 0 &&
           (ip->scope_id == 0 || ip->scope_id == peer->scope_id) &&
           (!wanted->by_port || ip->port == peer->port);
}

static bool has_address(const struct sl_filter_peers *peers, const struct sl_address *peer)
{
    for (unsigned i = 0; i < peers->address_count; i++) {
        if (is_at(&peers->addresses[i], peer))
            return true;
    }
    return false;
}

static bool has_port(const struct sl_filter_peers *peers, const struct sl_address *peer)
{
    bool internet = peer->family == AF_INET || peer->family == AF_INET6;

    for (unsigned i = 0; internet && i < peers->port_count; i++) {
        if (peers->ports[i] == peer->port)
            return true;
    }
    return false;
}

/* What each term asks of a client, and of an exchange: the cheap before the dear, since most
 * records fall to a number, not to a search. */
#define CLIENT_TERMS(X)                                                                            \
    X(service, in_set(filter->services, 0, service))                                               \
    X(service_not, in_set(0, filter->services_not, service))                                       \
    X(client, !only->client_count || has_client(only, client))                                     \
    X(client_not, !has_client(without, client))                                                    \
    X(address, !only->address_count || has_address(only, peer))                                    \
    X(address_not, !has_address(without, peer))                                                    \
    X(port, !only->port_count || has_port(only, peer))                                             \
    X(port_not, !has_port(without, peer))
#define EXCHANGE_TERMS(X)                                                                          \
    X(outcome, in_set(filter->outcomes, 0, exchange->outcome))                                     \
    X(outcome_not, in_set(0, filter->outcomes_not, exchange->outcome))                             \
    X(fault, !filter->faults || filter->faults & faults)                                           \
    X(fault_not, !(filter->faults_not & faults))                                                   \
    X(after, !filter->has_after || record->seq > filter->after_seq)                                \
    X(since, !filter->since_ns || exchange->received_at_ns >= filter->since_ns)                    \
    X(until, !filter->until_ns || exchange->received_at_ns < filter->until_ns)                     \
    X(min_size, longer >= filter->size.min)                                                        \
    X(max_size, !filter->size.over || longer < filter->size.over)                                  \
    X(min_received, exchange->received_size >= filter->received.min)                               \
    X(max_received, !filter->received.over || exchange->received_size < filter->received.over)     \
    X(min_sent, exchange->sent_size >= filter->sent.min)                                           \
    X(max_sent, !filter->sent.over || exchange->sent_size < filter->sent.over)                     \
    X(text, either_side(record, &filter->text, contains_any_case))                                 \
    X(hex, either_side(record, &filter->bytes, contains))

#define RETURN_UNLESS(term, holds)                                                                 \
    if (!(holds))                                                                                  \
        return false;

bool sl_filter_match_client(const struct sl_filter *filter, enum sl_service_id service,
                            uint64_t client, const struct sl_address *peer)
{
    const struct sl_filter_peers *only = &filter->only, *without = &filter->without;

    CLIENT_TERMS(RETURN_UNLESS)
    return true;
}

bool sl_filter_asks_address(const struct sl_filter *filter)
{
    return filter->only.address_count || filter->only.port_count || filter->without.address_count ||
           filter->without.port_count;
}

struct sl_filter sl_filter_cheap(const struct sl_filter *filter)
{
    struct sl_filter cheap = *filter;

    cheap.only.address_count = cheap.only.port_count = 0;
    cheap.without.address_count = cheap.without.port_count = 0;
    cheap.text = cheap.bytes = SL_BUFFER_INIT;
    return cheap;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t sl_filter_min_size(const struct sl_filter *filter)
{
    return larger(filter->size.min, larger(filter->received.min, filter->sent.min));
}

/* Several rules can have hit one message: one of those asked for is enough, and so is one of those
 * left out. */
static uint32_t exchange_faults(const struct sl_exchange *exchange)
{
    return exchange->fault_bits ? exchange->fault_bits : SL_FILTER_NO_FAULT;
}

bool sl_filter_match(const struct sl_filter *filter, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    uint64_t longer = larger(exchange->received_size, exchange->sent_size);
    uint32_t faults = exchange_faults(exchange);

    if (!sl_filter_match_client(filter, exchange->service, exchange->client, &exchange->peer))
        return false;
    if (record->kind != SL_RECORD_EXCHANGE)
        return true;
    EXCHANGE_TERMS(RETURN_UNLESS)
    return true;
}

#define NOTE_UNLESS(term, holds)                                                                   \
    if (!(holds)) {                                                                                \
        if (missed != SL_TERM_NONE)                                                                \
            return SL_TERM_SEVERAL;                                                                \
        missed = SL_TERM_##term;                                                                   \
    }

enum sl_filter_term sl_filter_miss(const struct sl_filter *filter, const struct sl_record *record)
{
    const struct sl_filter_peers *only = &filter->only, *without = &filter->without;
    const struct sl_exchange *exchange = &record->exchange;
    const struct sl_address *peer = &exchange->peer;
    uint64_t longer = larger(exchange->received_size, exchange->sent_size);
    uint64_t client = exchange->client;
    uint32_t faults = exchange_faults(exchange);
    uint8_t service = exchange->service;
    enum sl_filter_term missed = SL_TERM_NONE;

    CLIENT_TERMS(NOTE_UNLESS)
    EXCHANGE_TERMS(NOTE_UNLESS)
    return missed;
}

/* --- in words --- */

/* Longer parts of a list are none of ours. */
#define PART_SIZE SL_ADDRESS_TEXT_SIZE

#define COMMA_NAME(constant, name, ...) ", " name
#define FROM_ZERO_TO_MAX                "0 to 9223372036854775807"

static int too_many(const char *name, struct sl_error *error, const char **allowed)
{
    *allowed = "at most 16";
    return sl_error_set(error, -EINVAL, "too many of %s", name);
}

static int no_memory(struct sl_error *error)
{
    return sl_error_set(error, -ENOMEM, "out of memory");
}

static int set_service(void *bits, const char *name, const char *value, struct sl_error *error,
                       const char **allowed)
{
    enum sl_service_id id;

    if (!sl_service_id_parse(value, &id)) {
        *allowed = &(SL_SERVICE_LIST(COMMA_NAME))[2];
        return sl_error_set(error, -EINVAL, "there is no %s \"%s\"", name, sl_quote(value).text);
    }
    *(uint32_t *)bits |= UINT32_C(1) << id;
    return 0;
}

static int set_outcome(void *bits, const char *name, const char *value, struct sl_error *error,
                       const char **allowed)
{
    enum sl_outcome outcome;

    if (!sl_outcome_parse(value, &outcome)) {
        *allowed = &(SL_OUTCOME_LIST(COMMA_NAME))[2];
        return sl_error_set(error, -EINVAL, "there is no %s \"%s\"", name, sl_quote(value).text);
    }
    *(uint32_t *)bits |= UINT32_C(1) << outcome;
    return 0;
}

static int set_fault(void *member, const char *name, const char *value, struct sl_error *error,
                     const char **allowed)
{
    enum sl_effect effect = sl_effect_parse(value);
    uint32_t *bits = member;

    if (strcmp(value, "any") == 0)
        *bits |= UINT16_MAX;
    else if (strcmp(value, "none") == 0)
        *bits |= SL_FILTER_NO_FAULT;
    else if (sl_effect_transports(effect) & SL_FAULT_ON_DATAGRAMS)
        *bits |= UINT32_C(1) << (effect - 1);
    else {
        *allowed = "any, none" SL_EFFECT_COMMA_NAMES;
        return sl_error_set(error, -EINVAL, "there is no %s \"%s\"", name, sl_quote(value).text);
    }
    return 0;
}

static int set_client(void *member, const char *name, const char *value, struct sl_error *error,
                      const char **allowed)
{
    struct sl_filter_peers *peers = member;
    uint64_t id;

    if (!sl_parse_uint(value, &id) || id == 0) {
        *allowed = "numbers of clients, as in 3 or 3,17";
        return sl_error_set(error, -EINVAL,
                            "%s must be a client's number, not \"%s\" (an address or a port is "
                            "asked for by address or port)",
                            name, sl_quote(value).text);
    }
    if (peers->client_count == SL_FILTER_LIST_MAX)
        return too_many(name, error, allowed);
    peers->clients[peers->client_count++] = id;
    return 0;
}

static int set_address(void *member, const char *name, const char *value, struct sl_error *error,
                       const char **allowed)
{
    struct sl_filter_peers *peers = member;
    struct sl_filter_address address;

    if (!sl_address_parse(value, &address.ip, &address.by_port)) {
        *allowed = "an IP address with or without port, as in 127.0.0.1 or [::1]:1600, or unix:";
        return sl_error_set(error, -EINVAL, "\"%s\" is not an address", sl_quote(value).text);
    }
    if (peers->address_count == SL_FILTER_LIST_MAX)
        return too_many(name, error, allowed);
    peers->addresses[peers->address_count++] = address;
    return 0;
}

static int set_port(void *member, const char *name, const char *value, struct sl_error *error,
                    const char **allowed)
{
    struct sl_filter_peers *peers = member;
    uint64_t port;

    if (!sl_parse_uint(value, &port) || port == 0 || port > UINT16_MAX) {
        *allowed = "1 to 65535, as in 1600 or 1600,1700";
        return sl_error_set(error, -EINVAL, "%s must be a port, not \"%s\"", name,
                            sl_quote(value).text);
    }
    if (peers->port_count == SL_FILTER_LIST_MAX)
        return too_many(name, error, allowed);
    peers->ports[peers->port_count++] = (uint16_t)port;
    return 0;
}

/* A moment, or how long ago it was. */
static int set_time(void *wall_ns, const char *name, const char *value, struct sl_error *error,
                    const char **allowed)
{
    int64_t ago_ns = 0, at_ns;

    if (sl_clock_parse(value, wall_ns))
        return 0;
    if (strcmp(value, "now") != 0 && !sl_duration_parse(value, &ago_ns)) {
        *allowed =
            "RFC 3339, as in 2026-01-31T12:00:00.5Z, or now, or how long ago, as in 5m or 1h30m";
        return sl_error_set(error, -EINVAL, "%s is not a time: \"%s\"", name, sl_quote(value).text);
    }
    at_ns = sl_clock_wall_ns() - ago_ns;
    *(int64_t *)wall_ns = at_ns < 1 ? 1 : at_ns; /* 0 would be any */
    return 0;
}

static int set_text(void *member, const char *name, const char *value, struct sl_error *error,
                    const char **allowed)
{
    struct sl_buffer *text = member;

    if (!*value) {
        *allowed = "at least one character";
        return sl_error_set(error, -EINVAL, "%s is empty", name);
    }
    text->size = 0;
    return sl_buffer_append(text, value, strlen(value)) < 0 ? no_memory(error) : 0;
}

static int set_hex(void *member, const char *name, const char *value, struct sl_error *error,
                   const char **allowed)
{
    struct sl_buffer *bytes = member;
    int code;

    bytes->size = 0;
    code = sl_text_from_hex(value, bytes);
    if (code == -ENOMEM)
        return no_memory(error);
    if (code < 0 || bytes->size == 0) {
        *allowed = "pairs of hexadecimal digits, as in 48656c6c6f";
        return sl_error_set(error, -EINVAL, "%s is not hexadecimal: \"%s\"", name,
                            sl_quote(value).text);
    }
    return 0;
}

static int read_size(const char *name, const char *value, uint64_t *size, struct sl_error *error,
                     const char **allowed)
{
    if (sl_size_parse(value, size))
        return 0;
    *allowed = "a number of bytes, also with k, M or G, as in 64k";
    return sl_error_set(error, -EINVAL, "%s is not a size: \"%s\"", name, sl_quote(value).text);
}

static int set_min(void *range, const char *name, const char *value, struct sl_error *error,
                   const char **allowed)
{
    return read_size(name, value, &((struct sl_filter_size *)range)->min, error, allowed);
}

static int set_max(void *range, const char *name, const char *value, struct sl_error *error,
                   const char **allowed)
{
    uint64_t max = 0;
    int code = read_size(name, value, &max, error, allowed);

    ((struct sl_filter_size *)range)->over = max + 1; /* the largest number is no bound */
    return code;
}

static int set_after(void *member, const char *name, const char *value, struct sl_error *error,
                     const char **allowed)
{
    uint64_t seq;

    if (!sl_parse_uint(value, &seq) || seq > INT64_MAX) {
        *allowed = FROM_ZERO_TO_MAX;
        return sl_error_set(error, -EINVAL, "%s must be " FROM_ZERO_TO_MAX ", not \"%s\"", name,
                            sl_quote(value).text);
    }
    *(uint64_t *)member = seq;
    return 0;
}

typedef int (*setter)(void *member, const char *name, const char *value, struct sl_error *error,
                      const char **allowed);

#define WORD(name, list, kind, member)                                                             \
    {#name, list, set_##kind, offsetof(struct sl_filter, member)},

static const struct word {
    const char *name;
    bool list;
    setter set;
    size_t offset;
} words[] = {SL_FILTER_LIST(WORD)};

static const struct word *find_word(const char *name)
{
    size_t i = 0;

    while (strcmp(words[i].name, name) != 0)
        i++;
    return &words[i];
}

int sl_filter_set(struct sl_filter *filter, const char *name, const char *value,
                  struct sl_error *error, const char **allowed)
{
    const struct word *word = find_word(name);
    void *member = (char *)filter + word->offset;
    char part[PART_SIZE];
    int code = 0;

    *allowed = NULL;
    if (!word->list)
        code = word->set(member, name, value, error, allowed);
    while (word->list && code == 0 && sl_text_part(&value, part, sizeof(part)))
        code = word->set(member, name, part, error, allowed);
    filter->has_after |= word->set == set_after;
    return code;
}

/* Whether an exchange matches a filter. The store's block index and cheap checks come first;
 * payloads are searched last, since only that takes time. */
#include "socklens/filter.h"

#include <string.h>

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

static bool in_set(uint32_t bits, unsigned index)
{
    return !bits || (index < 32 && bits & UINT32_C(1) << index);
}

static bool in_size(const struct sl_filter_size *range, uint64_t size)
{
    return size >= range->min && (range->over == 0 || size < range->over);
}

static bool has_client(const struct sl_filter_peers *peers, uint64_t client)
{
    for (unsigned i = 0; i < peers->client_count; i++) {
        if (peers->clients[i] == client)
            return true;
    }
    return false;
}

bool sl_filter_is_at(const struct sl_filter_address *wanted, const struct sl_address *peer)
{
    const struct sl_address *ip = &wanted->ip;

    return ip->family == peer->family && memcmp(ip->ip, peer->ip, sizeof(ip->ip)) == 0 &&
           (ip->scope_id == 0 || ip->scope_id == peer->scope_id) &&
           (!wanted->by_port || ip->port == peer->port);
}

static bool has_address(const struct sl_filter_peers *peers, const struct sl_address *peer)
{
    for (unsigned i = 0; i < peers->address_count; i++) {
        if (sl_filter_is_at(&peers->addresses[i], peer))
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

bool sl_filter_match_client(const struct sl_filter *filter, enum sl_service_id service,
                            uint64_t client, const struct sl_address *peer)
{
    const struct sl_filter_peers *only = &filter->only, *without = &filter->without;

    return in_set(filter->services, service) && (!only->client_count || has_client(only, client)) &&
           (!only->address_count || has_address(only, peer)) &&
           (!only->port_count || has_port(only, peer)) && !has_client(without, client) &&
           !has_address(without, peer) && !has_port(without, peer);
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

/* Cheap tests first: most records fall to a number, not to a search. */
bool sl_filter_match(const struct sl_filter *filter, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    if (record->kind != SL_RECORD_EXCHANGE)
        return false;
    if (!in_set(filter->outcomes, exchange->outcome) ||
        !sl_filter_match_client(filter, exchange->service, exchange->client, &exchange->peer))
        return false;
    if (record->seq <= filter->after_seq && filter->has_after)
        return false;
    if (filter->since_ns && exchange->received_at_ns < filter->since_ns)
        return false;
    if (filter->until_ns && exchange->received_at_ns >= filter->until_ns)
        return false;
    if (!in_size(&filter->size, larger(exchange->received_size, exchange->sent_size)) ||
        !in_size(&filter->received, exchange->received_size) ||
        !in_size(&filter->sent, exchange->sent_size))
        return false;
    return either_side(record, &filter->text, contains_any_case) &&
           either_side(record, &filter->bytes, contains);
}

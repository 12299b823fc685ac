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
           found(sl_record_received(record), record->received_stored, needle) ||
           found(sl_record_sent(record), record->sent_stored, needle);
}

/* Cheap tests first: most records fall to a number, not to a search. */
bool sl_filter_match(const struct sl_filter *filter, const struct sl_record *record)
{
    if (record->kind != SL_RECORD_EXCHANGE)
        return false;
    if (filter->services && !(filter->services & 1u << record->service))
        return false;
    if (filter->outcomes && !(filter->outcomes & 1u << record->outcome))
        return false;
    if (filter->client && filter->client != record->client)
        return false;
    if (filter->since_ns && record->received_at_ns < filter->since_ns)
        return false;
    if (filter->until_ns && record->received_at_ns >= filter->until_ns)
        return false;
    if (record->received_size < filter->min_size && record->sent_size < filter->min_size)
        return false;
    return either_side(record, &filter->text, contains_any_case) &&
           either_side(record, &filter->bytes, contains);
}

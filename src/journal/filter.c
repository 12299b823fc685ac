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

static bool contains_any_case(const uint8_t *bytes, size_t size, const struct sl_buffer *needle)
{
    if (needle->size > size)
        return false;
    for (size_t i = 0; i <= size - needle->size; i++) {
        if (lower(bytes[i]) == lower(needle->data[0]) &&
            equal_any_case(bytes + i, needle->data, needle->size))
            return true;
    }
    return false;
}

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

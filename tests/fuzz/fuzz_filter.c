/* A filter on a message: size of the text, the text, and behind it both payloads. */
#include "fuzz.h"

#include "socklens/filter.h"

static struct sl_record *make_record(const uint8_t *data, size_t size)
{
    size_t received = size / 2;
    struct sl_record *record = calloc(1, sizeof(*record) + size);

    demand(record);
    record->kind = SL_RECORD_EXCHANGE;
    record->exchange.received_size = record->exchange.received_stored = (uint32_t)received;
    record->exchange.sent_size = record->exchange.sent_stored = (uint32_t)(size - received);
    memcpy(record->payload, data, size);
    return record;
}

static bool contains(const struct sl_record *record, const struct sl_buffer *bytes)
{
    const struct sl_exchange *exchange = &record->exchange;

    return memmem(record->payload, exchange->received_stored, bytes->data, bytes->size) ||
           memmem(record->payload + exchange->received_stored, exchange->sent_stored, bytes->data,
                  bytes->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t needle = size > 0 && data[0] < size ? data[0] : 0;
    struct sl_filter exact = {0}, folded = {0};
    struct sl_record *record;

    if (needle == 0)
        return 0;
    record = make_record(data + 1 + needle, size - 1 - needle);
    demand(sl_buffer_append(&exact.bytes, data + 1, needle) == 0 &&
           sl_buffer_append(&folded.text, data + 1, needle) == 0);
    demand(sl_filter_match(&exact, record) == contains(record, &exact.bytes));
    demand(!sl_filter_match(&exact, record) || sl_filter_match(&folded, record));
    sl_filter_deinit(&exact);
    sl_filter_deinit(&folded);
    free(record);
    return 0;
}

/* Writes a message as JSON, straight into the buffer: it is done for each message of each page,
 * stream and export, and building a tree first would cost ten times as much. */
#include "socklens/message_json.h"

#include <string.h>

#include "export/payload.h"
#include "socklens/hints.h"

void sl_payload_json(struct sl_json *json, const uint8_t *bytes, size_t stored, uint64_t size)
{
    sl_json_lead(json, "{\"size\":");
    sl_json_uint(json, size);
    sl_json_lead(json, "\"stored_size\":");
    sl_json_uint(json, stored);
    if (size > stored)
        sl_json_lead(json, "\"truncated\":true,\"text\":");
    else
        sl_json_lead(json, "\"truncated\":false,\"text\":");
    sl_json_text_or_null(json, bytes, payload_text_size(bytes, stored, size));
    sl_json_lead(json, "\"base64\":");
    sl_json_base64(json, bytes, stored);
    sl_json_close_object(json);
}

void sl_address_json(struct sl_json *json, const struct sl_address *address)
{
    char text[SL_ADDRESS_TEXT_SIZE];
    size_t size = sl_address_format(address, text);

    sl_json_plain(json, text, size);
}

static void name(struct sl_json *json, const char *text)
{
    sl_json_plain(json, text, strlen(text));
}

static void client(struct sl_json *json, const struct sl_record *record)
{
    sl_json_lead(json, "\"client\":{\"id\":");
    sl_json_uint(json, record->exchange.client);
    sl_json_key(json, "address");
    sl_address_json(json, &record->exchange.peer);
    sl_json_close_object(json);
}

static void times(struct sl_json *json, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    sl_json_key(json, "received_at");
    sl_json_time(json, exchange->received_at_ns);
    sl_json_key(json, "replied_at");
    if (exchange->replied_at_ns)
        sl_json_time(json, exchange->replied_at_ns);
    else
        sl_json_null(json);
    sl_json_key(json, "service_us");
    if (exchange->replied_at_ns)
        sl_json_uint(json, payload_service_us(record));
    else
        sl_json_null(json);
}

static void payloads(struct sl_json *json, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    sl_json_key(json, "received");
    sl_payload_json(json, sl_record_received(record), exchange->received_stored,
                    exchange->received_size);
    sl_json_key(json, "line_end");
    sl_json_string(json, sl_line_end_name(exchange->line_end));
    sl_json_key(json, "sent");
    if (sl_record_has_reply(record))
        sl_payload_json(json, sl_record_sent(record), exchange->sent_stored, exchange->sent_size);
    else
        sl_json_null(json);
}

static void hints(struct sl_json *json, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    unsigned hints = sl_hints(sl_record_received(record), exchange->received_stored,
                              exchange->received_size, exchange->line_end);

    if (!hints)
        return;
    sl_json_key(json, "hints");
    sl_json_open_array(json);
    for (unsigned i = 0; i < SL_HINT_COUNT; i++) {
        if (hints & 1u << i)
            name(json, sl_hint_name(i));
    }
    sl_json_close_array(json);
}

/* Written by who applied the rules; see fault_note.h. */
static void faults(struct sl_json *json, const struct sl_record *record)
{
    if (record->note_size == 0)
        return;
    sl_json_key(json, "faults");
    sl_json_open_array(json);
    sl_json_lead_n(json, sl_record_note(record), record->note_size);
    sl_json_close_array(json);
}

static void column(struct sl_json *json, const char *key, uint64_t value)
{
    if (value == 0)
        return;
    sl_json_key(json, key);
    sl_json_uint(json, value);
}

#define COLUMN(name, since) column(json, #name, record->exchange.name);

static void open_message(struct sl_json *json, const struct sl_record *record, const char *listener)
{
    sl_json_lead(json, "{\"seq\":");
    sl_json_uint(json, record->seq);
    sl_json_key(json, "service");
    name(json, sl_service_id_name(record->exchange.service));
    client(json, record);
    sl_json_key(json, "listener");
    if (listener)
        sl_json_string(json, listener);
    else
        sl_json_null(json);
    times(json, record);
    payloads(json, record);
    sl_json_key(json, "outcome");
    name(json, sl_outcome_name(record->exchange.outcome));
    hints(json, record);
    faults(json, record);
    SL_COLUMN_LIST(COLUMN)
}

void sl_message_json(struct sl_json *json, const struct sl_record *record, const char *listener)
{
    open_message(json, record, listener);
    sl_json_close_object(json);
}

void sl_message_json_with_run(struct sl_json *json, const struct sl_record *record,
                              const char *listener, const char *run)
{
    open_message(json, record, listener);
    if (*run) {
        sl_json_key(json, "run");
        sl_json_string(json, run);
    }
    sl_json_close_object(json);
}

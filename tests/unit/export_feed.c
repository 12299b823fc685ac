/* Writes an export of records that a test describes: export_feed FORMAT <DESCRIPTION >FILE
 *
 * One JSON object a line: {"kind":"exchange|opened|closed|gap", "seq":1, "service":"udp-upper",
 * "outcome":"replied", "client":3, "peer":"127.0.0.1:1600", "local":"127.0.0.1:12000",
 * "listener":"127.0.0.1:12000", "received_at":"1","replied_at":"2" (nanoseconds),
 * "received":"hex", "sent":"hex", "received_size":1, "sent_size":1 (where more than is stored),
 * "closed_by":"peer", "reason":"eof", "tcp_state":7, "from":1, "to":2}. What is absent is zero. */
#include <cjson/cJSON.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/export.h"
#include "socklens/text.h"

static const char *text_of(const cJSON *line, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(line, key));

    return text ? text : "";
}

static uint64_t number_of(const cJSON *line, const char *key, uint64_t otherwise)
{
    const cJSON *item = cJSON_GetObjectItem(line, key);

    return item ? (uint64_t)cJSON_GetNumberValue(item) : otherwise;
}

static struct sl_address address_of(const cJSON *line, const char *key)
{
    const char *text = text_of(line, key);
    struct sl_address address = SL_ADDRESS_NONE;
    struct sl_endpoint endpoint;
    struct sl_error error;

    if (strcmp(text, "unix:") == 0)
        address.family = AF_UNIX;
    else if (text[0] && (sl_endpoint_parse(text, &endpoint, &error) != 0 ||
                         sl_endpoint_resolve(endpoint.host, endpoint.port, SOCK_STREAM, &address, 1,
                                             &error) != 1))
        errx(2, "%s: %s", key, text);
    return address;
}

static void closing_of(const cJSON *line, struct sl_buffer *payload)
{
    struct sl_closing closing = {0};

    while (closing.closed_by < SL_CLOSED_BY_COUNT &&
           strcmp(sl_closed_by_name(closing.closed_by), text_of(line, "closed_by")) != 0)
        closing.closed_by++;
    while (closing.reason < SL_CLOSE_REASON_COUNT &&
           strcmp(sl_close_reason_name(closing.reason), text_of(line, "reason")) != 0)
        closing.reason++;
    closing.tcp.state = (uint8_t)number_of(line, "tcp_state", 0);
    closing.tcp.valid = closing.tcp.state != 0;
    sl_buffer_append(payload, &closing, sizeof(closing));
}

/* The payloads behind a record's head, in memory that the caller frees. */
static struct sl_record *record_of(const cJSON *line)
{
    struct sl_record head = {.kind = SL_RECORD_EXCHANGE}, *record;
    struct sl_buffer payload = SL_BUFFER_INIT;
    enum sl_service_id service = SL_UDP_UPPER;
    enum sl_outcome outcome = SL_REPLIED;

    sl_service_id_parse(text_of(line, "service"), &service);
    sl_outcome_parse(text_of(line, "outcome"), &outcome);
    head.exchange.service = (uint8_t)service;
    head.exchange.outcome = (uint8_t)outcome;
    head.seq = number_of(line, "seq", 0);
    head.exchange.client = number_of(line, "client", 0);
    head.exchange.peer = address_of(line, "peer");
    head.exchange.local = address_of(line, "local");
    head.exchange.received_at_ns = strtoll(text_of(line, "received_at"), NULL, 10);
    head.exchange.replied_at_ns = strtoll(text_of(line, "replied_at"), NULL, 10);
    if (strcmp(text_of(line, "kind"), "opened") == 0)
        head.kind = SL_RECORD_OPENED;
    if (strcmp(text_of(line, "kind"), "closed") == 0) {
        head.kind = SL_RECORD_CLOSED;
        closing_of(line, &payload);
    } else if (sl_text_from_hex(text_of(line, "received"), &payload) != 0) {
        errx(2, "received is not hex");
    }
    head.exchange.received_stored = (uint32_t)payload.size;
    if (sl_text_from_hex(text_of(line, "sent"), &payload) != 0)
        errx(2, "sent is not hex");
    head.exchange.sent_stored = (uint32_t)payload.size - head.exchange.received_stored;
    head.exchange.received_size = number_of(line, "received_size", head.exchange.received_stored);
    head.exchange.sent_size = number_of(line, "sent_size", head.exchange.sent_stored);
    record = malloc(sizeof(head) + payload.size);
    if (!record)
        errx(2, "no memory");
    *record = head;
    if (payload.size > 0)
        memcpy(record->payload, payload.data, payload.size);
    sl_buffer_deinit(&payload);
    return record;
}

static int feed(struct sl_exporter *exporter, const cJSON *line, struct sl_buffer *out)
{
    struct sl_record *record;
    int error;

    if (strcmp(text_of(line, "kind"), "gap") == 0)
        return sl_exporter_gap(exporter, number_of(line, "from", 0), number_of(line, "to", 0),
                               text_of(line, "reason"), out);
    record = record_of(line);
    error = sl_exporter_record(exporter, record,
                               cJSON_GetStringValue(cJSON_GetObjectItem(line, "listener")), out);
    free(record);
    return error;
}

static void flush(struct sl_buffer *out)
{
    if (out->size > 0 && fwrite(out->data, out->size, 1, stdout) != 1)
        err(2, "stdout");
    out->size = 0;
}

int main(int argc, char **argv)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    enum sl_export_format format;
    struct sl_exporter *exporter;
    size_t capacity = 0;
    char *text = NULL;

    if (argc != 2 || !sl_export_format_parse(argv[1], &format))
        errx(2, "usage: export_feed ndjson|csv|spreadsheet|pcapng <DESCRIPTION >FILE");
    exporter = sl_exporter_new(format);
    if (!exporter || sl_exporter_begin(exporter, &out) != 0)
        errx(2, "no memory");
    while (getline(&text, &capacity, stdin) > 0) {
        cJSON *line = cJSON_Parse(text);

        if (!line || feed(exporter, line, &out) != 0)
            errx(2, "cannot export: %.200s", text);
        cJSON_Delete(line);
        flush(&out);
    }
    if (sl_exporter_end(exporter, &out) != 0)
        errx(2, "no memory");
    flush(&out);
    sl_exporter_free(exporter);
    sl_buffer_deinit(&out);
    free(text);
    return 0;
}

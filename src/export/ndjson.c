/* NDJSON: one JSON object a line. */
#include <errno.h>

#include "export/format.h"
#include "socklens/message_json.h"

static int end_line(const struct sl_json *json)
{
    return json->failed ? -ENOMEM : sl_buffer_append(json->out, "\n", 1);
}

static int write_record(void *state, const struct sl_record *record, const char *listener,
                        struct sl_buffer *out)
{
    struct sl_json json;

    (void)state;
    if (record->kind != SL_RECORD_EXCHANGE)
        return 0;
    sl_json_init(&json, out);
    sl_message_json(&json, record, listener);
    return end_line(&json);
}

static int write_gap(void *state, uint64_t from, uint64_t to, const char *reason,
                     struct sl_buffer *out)
{
    struct sl_json json;

    (void)state;
    sl_json_init(&json, out);
    sl_json_open_object(&json);
    sl_json_key(&json, "gap");
    sl_json_open_object(&json);
    sl_json_key(&json, "from");
    sl_json_uint(&json, from);
    sl_json_key(&json, "to");
    sl_json_uint(&json, to);
    sl_json_key(&json, "reason");
    sl_json_string(&json, reason);
    sl_json_close_object(&json);
    sl_json_close_object(&json);
    return end_line(&json);
}

const struct export_format export_ndjson = {
    .name = "ndjson",
    .extension = "ndjson",
    .content_type = "application/x-ndjson",
    .record = write_record,
    .gap = write_gap,
};

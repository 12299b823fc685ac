#include "export_fixture.h"

#include <errno.h>

#include "failing_memory.h"

static struct sl_buffer out;

static int teardown(void **state)
{
    (void)state;
    sl_buffer_deinit(&out);
    return 0;
}

static struct sl_exporter *begun(enum sl_export_format format)
{
    struct sl_exporter *exporter = sl_exporter_new(format);

    assert_non_null(exporter);
    assert_int_equal(sl_exporter_begin(exporter, &out), 0);
    return exporter;
}

TEST(knows_its_formats_by_name)
{
    enum sl_export_format format = SL_EXPORT_COUNT;

    assert_true(sl_export_format_parse("pcapng", &format));
    assert_int_equal(format, SL_EXPORT_PCAPNG);
    assert_true(sl_export_format_parse("csv", &format));
    assert_true(sl_export_format_parse("ndjson", &format));
    assert_int_equal(format, SL_EXPORT_NDJSON);
    assert_false(sl_export_format_parse("", &format));
    assert_false(sl_export_format_parse("pcap", &format));
    assert_int_equal(format, SL_EXPORT_NDJSON);
    assert_string_equal(sl_export_extension(SL_EXPORT_PCAPNG), "pcapng");
    assert_string_equal(sl_export_content_type(SL_EXPORT_NDJSON), "application/x-ndjson");
    assert_string_equal(sl_export_content_type(SL_EXPORT_CSV),
                        "text/csv; charset=utf-8; header=present");
}

TEST_WITH(writes_a_message_a_line, NULL, teardown)
{
    struct sl_exporter *exporter = begun(SL_EXPORT_NDJSON);

    export_one(exporter, (struct sl_record){.kind = SL_RECORD_OPENED}, NULL, NULL, &out);
    export_one(
        exporter,
        (struct sl_record){
            .seq = 7, .exchange.client = 3, .exchange.peer = V4(5), .exchange.replied_at_ns = 1000},
        "a\nb", "A\nB", &out);
    assert_int_equal(sl_exporter_gap(exporter, 8, 11, "evicted", &out), 0);
    assert_int_equal(sl_exporter_end(exporter, &out), 0);
    assert_took(&out,
                "{\"seq\":7,\"service\":\"udp-upper\",\"client\":{\"id\":3,\"address\":"
                "\"127.0.0.1:5\"},\"listener\":\"127.0.0.1:12000\",\"received_at\":"
                "\"1970-01-01T00:00:00.000000Z\",\"replied_at\":"
                "\"1970-01-01T00:00:00.000001Z\",\"service_us\":1,\"received\":{\"size\":3,"
                "\"stored_size\":3,\"truncated\":false,\"text\":\"a\\nb\",\"base64\":"
                "\"YQpi\"},\"line_end\":\"none\",\"sent\":{\"size\":3,\"stored_size\":3,"
                "\"truncated\":false,"
                "\"text\":\"A\\nB\",\"base64\":\"QQpC\"},\"outcome\":\"replied\"}\n"
                "{\"gap\":{\"from\":8,\"to\":11,\"reason\":\"evicted\"}}\n");
    sl_exporter_free(exporter);
}

TEST_WITH(does_without_a_listeners_name, NULL, teardown)
{
    static const struct sl_record record = {.kind = SL_RECORD_EXCHANGE};

    for (unsigned format = 0; format < SL_EXPORT_COUNT; format++) {
        struct sl_exporter *exporter = begun((enum sl_export_format)format);

        assert_int_equal(sl_exporter_record(exporter, &record, NULL, &out), 0);
        sl_exporter_free(exporter);
    }
}

/* Its first error. Whatever step it is of, that step has left the buffer alone. */
static int export_all(struct sl_exporter *exporter, const struct sl_record *opened,
                      const struct sl_record *exchange, struct sl_buffer *to)
{
    int error = 0;

    for (int step = 0; step < 5 && error == 0; step++) {
        size_t before = to->size;

        switch (step) {
        case 0:
            error = sl_exporter_begin(exporter, to);
            break;
        case 1:
            error = sl_exporter_record(exporter, opened, NAME, to);
            break;
        case 2:
            error = sl_exporter_record(exporter, exchange, NAME, to);
            break;
        case 3:
            error = sl_exporter_gap(exporter, 1, 2, "evicted", to);
            break;
        default:
            error = sl_exporter_end(exporter, to);
        }
        if (error != 0) {
            assert_int_equal(error, -ENOMEM);
            assert_int_equal(to->size, before);
        }
    }
    return error;
}

/* How the export ends with so many allocations of each kind. */
static int try_with(enum sl_export_format format, int allocations, int callocs,
                    const struct sl_record *opened, const struct sl_record *exchange)
{
    struct sl_buffer to = SL_BUFFER_INIT;
    struct sl_exporter *exporter;
    int error = -ENOMEM;

    allow_allocations(allocations);
    allow_callocs(callocs);
    exporter = sl_exporter_new(format);
    if (exporter)
        error = export_all(exporter, opened, exchange, &to);
    allow_allocations(-1);
    allow_callocs(-1);
    sl_exporter_free(exporter);
    sl_buffer_deinit(&to);
    return error;
}

TEST(survives_the_lack_of_memory_at_every_step)
{
    struct sl_record head = {.exchange.service = SL_TCP_CHAT,
                             .exchange.client = 1,
                             .exchange.peer = V4(1),
                             .exchange.local = V4(2),
                             .exchange.received_stored = 1000,
                             .exchange.received_size = 1000};
    struct sl_record *exchange = new_record(&head, (uint8_t[1000]){0}, NULL);

    head = (struct sl_record){
        .kind = SL_RECORD_OPENED, .exchange.service = SL_TCP_CHAT, .exchange.client = 1};
    for (unsigned i = 0; i < SL_EXPORT_COUNT; i++) {
        enum sl_export_format format = (enum sl_export_format)i;
        int allowed = 0;

        while (try_with(format, allowed, -1, &head, exchange) != 0)
            assert_true(++allowed < 64);
        assert_true(allowed > 0);
        allowed = 0;
        while (try_with(format, -1, allowed, &head, exchange) != 0)
            assert_true(++allowed < 64);
        assert_true(allowed > 0);
    }
    free(exchange);
}

#include "api_fixture.h"

#include "socklens/message_json.h"

static struct fixture fixture;
static struct sl_buffer out;
static struct sl_json json;

static int setup(void **state)
{
    (void)state;
    fixture = fixture_new();
    sl_json_init(&json, &out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_buffer_deinit(&out);
    fixture_free(&fixture);
    return 0;
}

/* The one exchange that `event` makes, as JSON. */
static void write_event(struct sl_event event)
{
    struct sl_cursor cursor = {0};
    const struct sl_record *record;
    struct sl_gap gap;

    sl_journal_append(fixture.journal, &event, 1);
    sl_cursor_seek(&cursor, fixture.journal, 1);
    assert_int_equal(sl_cursor_next(&cursor, &record, &gap), SL_READ_RECORD);
    sl_message_json(&json, record, "127.0.0.1:12000");
    sl_cursor_close(&cursor);
    assert_false(json.failed);
}

TEST_WITH(writes_both_sides, setup, teardown)
{
    write_event((struct sl_event){
        .kind = SL_RECORD_EXCHANGE,
        .exchange.line_end = SL_LINE_END_CRLF,
        .exchange.client = 3,
        .exchange.peer = {.family = AF_INET, .port = 1600, .ip = {127, 0, 0, 1}},
        .exchange.received_at_ns = 1500,
        .exchange.replied_at_ns = 10600,
        .received = (const uint8_t *)"hi \"x\"",
        .exchange.received_stored = 6,
        .exchange.received_size = 6,
        .sent = (const uint8_t *)"\xff",
        .exchange.sent_stored = 1,
        .exchange.sent_size = 1,
    });
    assert_took(&out,
                "{\"seq\":1,\"service\":\"udp-upper\",\"client\":{\"id\":3,\"address\":"
                "\"127.0.0.1:1600\"},\"listener\":\"127.0.0.1:12000\",\"received_at\":"
                "\"1970-01-01T00:00:00.000001Z\",\"replied_at\":\"1970-01-01T00:00:00.000010Z\","
                "\"service_us\":9,\"received\":{\"size\":6,\"stored_size\":6,\"truncated\":false,"
                "\"text\":\"hi \\\"x\\\"\",\"base64\":\"aGkgIngi\"},\"line_end\":\"crlf\","
                "\"sent\":{\"size\":1,"
                "\"stored_size\":1,\"truncated\":false,\"text\":null,\"base64\":\"/w==\"},"
                "\"outcome\":\"replied\"}");
}

TEST_WITH(writes_what_got_no_reply, setup, teardown)
{
    write_event((struct sl_event){.kind = SL_RECORD_EXCHANGE,
                                  .exchange.outcome = SL_REFUSED_REFLECTING_PORT,
                                  .exchange.received_at_ns = 1});
    sl_buffer_append(&out, "", 1);
    assert_non_null(strstr((const char *)out.data, "\"replied_at\":null,\"service_us\":null"));
    assert_non_null(strstr((const char *)out.data, "\"sent\":null"));
    assert_non_null(strstr((const char *)out.data, "\"outcome\":\"refused_reflecting_port\""));
    assert_non_null(strstr((const char *)out.data, "\"text\":\"\",\"base64\":\"\""));
}

TEST_WITH(writes_a_rare_number_where_it_is_not_0, setup, teardown)
{
    write_event((struct sl_event){.kind = SL_RECORD_EXCHANGE, .exchange.fault_bits = 65535});
    sl_buffer_append(&out, "", 1);
    assert_non_null(
        strstr((const char *)out.data, "\"outcome\":\"replied\",\"fault_bits\":65535}"));
}

/* "aß" cut within its ß still shows its a; what never was text stays null. */
TEST_WITH(shows_a_text_cut_within_a_character, setup, teardown)
{
    sl_payload_json(&json, (const uint8_t *)"a\xc3", 2, 3);
    assert_took(&out,
                "{\"size\":3,\"stored_size\":2,\"truncated\":true,\"text\":\"a\","
                "\"base64\":\"YcM=\"}");
    sl_json_init(&json, &out);
    sl_payload_json(&json, (const uint8_t *)"a\xc3", 2, 2);
    sl_buffer_append(&out, "", 1);
    assert_non_null(strstr((const char *)out.data, "\"text\":null"));
}

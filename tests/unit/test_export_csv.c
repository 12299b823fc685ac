#include "export_fixture.h"

#define HEADER                                                                                     \
    "seq,service,client_id,client_address,listener,received_at,replied_at,service_us,"             \
    "received_size,sent_size,outcome,received_text,sent_text,received_base64,sent_base64,"         \
    "received_stored_size,sent_stored_size,line_end,fault_bits\r\n"

/* All that stands before the text of a message that was received, and behind it, in a record with
 * nothing else in it. */
#define BEFORE "0,udp-upper,0,\"none\",\"127.0.0.1:12000\",1970-01-01T00:00:00.000000Z,,,"

/* No number of SL_COLUMN_LIST, and the end of the row. */
#define END ",\r\n"

static struct sl_exporter *exporter;
static struct sl_buffer out;

static int setup(void **state)
{
    (void)state;
    exporter = sl_exporter_new(SL_EXPORT_CSV);
    assert_non_null(exporter);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_exporter_free(exporter);
    sl_buffer_deinit(&out);
    return 0;
}

TEST_WITH(writes_a_header_and_a_row_a_message, setup, teardown)
{
    struct sl_record head = {
        .seq = 17,
        .exchange.client = 3,
        .exchange.peer = V6(1600),
        .exchange.received_at_ns = 5000,
        .exchange.replied_at_ns = 15000,
        .exchange.line_end = SL_LINE_END_CRLF,
        .exchange.fault_bits = 5,
    };

    assert_int_equal(sl_exporter_begin(exporter, &out), 0);
    assert_int_equal(export_one(exporter, head, "hi, \"you\"\r\n", "HI", &out), 0);
    head.kind = SL_RECORD_CLOSED;
    assert_int_equal(export_one(exporter, head, NULL, NULL, &out), 0);
    assert_int_equal(sl_exporter_end(exporter, &out), 0);
    assert_took(&out, HEADER
                "17,udp-upper,3,\"[::1]:1600\",\"127.0.0.1:12000\","
                "1970-01-01T00:00:00.000005Z,1970-01-01T00:00:00.000015Z,10,11,2,"
                "replied,\"hi, \"\"you\"\"\r\n\",\"HI\",aGksICJ5b3UiDQo=,SEk=,11,2,"
                "CRLF,5\r\n");
}

TEST_WITH(leaves_empty_what_is_not_there, setup, teardown)
{
    export_one(exporter, (struct sl_record){.exchange.outcome = SL_REFUSED_RATE_LIMIT}, "a", NULL,
               &out);
    assert_took(&out, BEFORE "1,,refused_rate_limit,\"a\",\"\",YQ==,,1,," END);
}

TEST_WITH(leaves_text_empty_that_is_not_utf8, setup, teardown)
{
    export_one(exporter, (struct sl_record){.exchange.outcome = SL_PEER_GONE}, "a\xff", NULL, &out);
    assert_took(&out, BEFORE "2,,peer_gone,,\"\",Yf8=,,2,," END);
}

TEST_WITH(shows_a_text_cut_within_a_character, setup, teardown)
{
    struct sl_record head = {.exchange.outcome = SL_PEER_GONE,
                             .exchange.received_size = 3,
                             .exchange.received_stored = 2};

    export_one(exporter, head, "a\xc3", NULL, &out);
    assert_took(&out, BEFORE "3,,peer_gone,\"a\",\"\",YcM=,,2,," END);
}

/* The text of a received message as it stands in the file, from its quote to its quote. */
static void assert_text(const char *text, const char *expected)
{
    const char *begin, *end;

    out.size = 0;
    export_one(exporter, (struct sl_record){.exchange.outcome = SL_PEER_GONE}, text, NULL, &out);
    sl_buffer_append(&out, "", 1);
    begin = strstr((const char *)out.data, "peer_gone,") + 10;
    end = strstr(begin, ",\"\",");
    assert_non_null(end);
    assert_bytes_equal(begin, (size_t)(end - begin), expected, strlen(expected));
}

TEST_WITH(defuses_formulas, setup, teardown)
{
    assert_text("=1+1", "\"'=1+1\"");
    /* nor where the reader's separator is another, or quotes mean nothing to it */
    assert_text("x;=1+1;y", "\"x;'=1+1;y\"");
    assert_text("x,-1", "\"x,'-1\"");
    assert_text("x\t@a", "\"x\t'@a\"");
    assert_text("x\n+1", "\"x\n'+1\"");
    assert_text("x\"=1", "\"x\"\"'=1\"");
    assert_text("a=1+1-b@c", "\"a=1+1-b@c\"");
    assert_text("+1", "\"'+1\"");
    assert_text("-1", "\"'-1\"");
    assert_text("@SUM(A1)", "\"'@SUM(A1)\"");
    assert_text("\t=1", "\"'\t'=1\"");
    assert_text("\r=1", "\"'\r'=1\"");
    assert_text("\n=1", "\"'\n'=1\"");
    assert_text(
        "\xef\xbc\x9d"
        "1",
        "\"'\xef\xbc\x9d"
        "1\"");
    assert_text("\"=1", "\"\"\"'=1\"");
    assert_text("1=1", "\"1=1\"");
    assert_text("\xef\xbc\xa1", "\"\xef\xbc\xa1\"");
}

TEST_WITH(shows_control_characters_by_their_pictures, setup, teardown)
{
    struct sl_record head = {.exchange.outcome = SL_PEER_GONE,
                             .exchange.received_size = 3,
                             .exchange.received_stored = 3};

    export_one(exporter, head, "a\0b", NULL, &out);
    assert_took(&out, BEFORE
                "3,,peer_gone,\"a\xe2\x90\x80"
                "b\",\"\",YQBi,,3,," END);
    assert_text("\x1b[2J", "\"\xe2\x90\x9b[2J\"");
    assert_text("\x7f", "\"\xe2\x90\xa1\"");
    assert_text("a\tb\r\nc", "\"a\tb\r\nc\"");
}

TEST_WITH(tells_a_gap_in_a_row_of_the_same_shape, setup, teardown)
{
    assert_int_equal(sl_exporter_gap(exporter, 17, 20, "evicted", &out), 0);
    assert_took(&out, "17,,,,,,,,,,gap,\"messages 17 to 20 are missing: evicted\",,,,,," END);
}

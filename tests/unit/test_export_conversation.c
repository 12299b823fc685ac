/* A TCP connection in a capture, packet by packet. */
#include "export_fixture.h"

#include <netinet/tcp.h>
#include <stdio.h>

#define CLIENT 3
#define SEEN   1024

struct segment {
    bool from_peer;
    unsigned flags;
    uint32_t seq, ack;
    size_t size, captured;
    char comment[256];
};

static struct sl_exporter *exporter;
static struct sl_buffer out;
static struct segment segments[SEEN];
static size_t count;

static int setup(void **state)
{
    (void)state;
    exporter = sl_exporter_new(SL_EXPORT_PCAPNG);
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

static struct sl_record head_of(enum sl_record_kind kind)
{
    return (struct sl_record){.kind = (uint8_t)kind,
                              .exchange.service = SL_TCP_CHAT,
                              .exchange.client = CLIENT,
                              .seq = 1,
                              .exchange.peer = V4(40000),
                              .exchange.local = V4(1060),
                              .exchange.received_at_ns = 1,
                              .exchange.replied_at_ns = 2};
}

static void open_client(void)
{
    assert_int_equal(export_one(exporter, head_of(SL_RECORD_OPENED), NULL, NULL, &out), 0);
}

static void exchange(const char *received, const char *sent)
{
    struct sl_record head = head_of(SL_RECORD_EXCHANGE);

    head.exchange.outcome = sent ? SL_REPLIED : SL_PEER_GONE;
    assert_int_equal(export_one(exporter, head, received, sent, &out), 0);
}

static void close_client(enum sl_closed_by by, enum sl_close_reason reason, int tcp_state)
{
    struct sl_closing closing = {.closed_by = (uint8_t)by, .reason = (uint8_t)reason};
    struct sl_record head = head_of(SL_RECORD_CLOSED);
    struct sl_record *record;

    closing.tcp.valid = tcp_state != 0;
    closing.tcp.state = (uint8_t)tcp_state;
    head.exchange.received_size = head.exchange.received_stored = sizeof(closing);
    record = new_record(&head, &closing, NULL);
    assert_int_equal(sl_exporter_record(exporter, record, NAME, &out), 0);
    free(record);
}

static void read_segment(const struct seen_packet *packet, struct segment *segment)
{
    const uint8_t *tcp = packet->bytes + 20;
    size_t headers = 20 + (tcp[12] >> 4) * 4u;

    segment->from_peer = big16(tcp) == 40000;
    segment->seq = big32(tcp + 4);
    segment->ack = big32(tcp + 8);
    segment->flags = tcp[13];
    segment->size = packet->size - headers;
    segment->captured = packet->captured - headers;
    assert_int_equal(big16(packet->bytes + 2), packet->size);
    memcpy(segment->comment, packet->comment, sizeof(segment->comment));
}

static void read_segments(void)
{
    struct seen_block block = {0};
    size_t offset = 0;

    count = 0;
    while (next_block(&out, &offset, &block)) {
        if (block.type == 6) {
            struct seen_packet packet = read_packet(&block);

            assert_true(count < SEEN);
            read_segment(&packet, &segments[count++]);
        }
    }
}

/* The packets in short: ">" from the peer, "<" to it, then S A P F R flags and the size. */
static void assert_segments(const char *expected)
{
    char text[1024] = "";
    size_t length = 0;

    read_segments();
    for (size_t i = 0; i < count; i++) {
        unsigned flags = segments[i].flags;

        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s%s%s%s%s%s%zu",
                                   i > 0 ? " " : "", segments[i].from_peer ? ">" : "<",
                                   flags & 2 ? "S" : "", flags & 4 ? "R" : "", flags & 1 ? "F" : "",
                                   flags & 8 ? "P" : "", flags & 16 ? "A" : "", segments[i].size);
        assert_true(length < sizeof(text));
    }
    assert_string_equal(text, expected);
}

/* Nothing missing, nothing repeated, nothing acknowledged that was not sent. */
static void assert_seamless(void)
{
    uint32_t next[2] = {0};
    bool begun[2] = {false};

    for (size_t i = 0; i < count; i++) {
        const struct segment *segment = &segments[i];
        unsigned side = segment->from_peer;

        if (begun[side])
            assert_int_equal(segment->seq, next[side]);
        if (begun[!side] && segment->flags & 16)
            assert_int_equal(segment->ack, next[!side]);
        begun[side] = true;
        next[side] = segment->seq + (uint32_t)segment->size + ((segment->flags & 3) != 0);
    }
}

TEST_WITH(shows_a_whole_connection, setup, teardown)
{
    open_client();
    exchange("Hi", "HI!");
    exchange("", "empty");
    exchange("lost", NULL);
    close_client(SL_BY_PEER, SL_CLOSE_EOF, TCP_CLOSE_WAIT);
    assert_segments(">S0 <SA0 >A0 >PA2 <PA3 <PA5 >PA4 <A0 >FA0 <FA0 >A0");
    assert_seamless();
    assert_string_equal(segments[0].comment, "client 3 opened");
    assert_string_equal(segments[3].comment, "seq 1 replied");
    assert_string_equal(segments[4].comment, "reply to seq 1");
    assert_string_equal(segments[6].comment, "seq 1 peer_gone");
    assert_string_equal(segments[8].comment, "client 3 closed by peer: eof");
}

TEST(shows_who_closed_and_how)
{
    static const struct {
        enum sl_closed_by by;
        enum sl_close_reason reason;
        int tcp_state;
        const char *expected;
    } cases[] = {
        {SL_BY_PEER, SL_CLOSE_EOF, 0, ">FA0 <FA0 >A0"},
        {SL_BY_PEER, SL_CLOSE_RESET, TCP_CLOSE, ">RA0"},
        {SL_BY_SERVER, SL_CLOSE_EXIT, TCP_CLOSE, "<FA0 >FA0 <A0"},
        {SL_BY_SERVER, SL_CLOSE_ANSWERED, 0, "<FA0 >FA0 <A0"},
        {SL_BY_SERVER, SL_CLOSE_ANSWERED, TCP_FIN_WAIT2, "<FA0"},
        {SL_BY_SERVER, SL_CLOSE_IDLE_TIMEOUT, TCP_ESTABLISHED, "<FA0"},
        {SL_BY_OPERATOR, SL_CLOSE_DISCONNECTED, 0, "<FA0"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[64];

        setup(state);
        open_client();
        close_client(cases[i].by, cases[i].reason, cases[i].tcp_state);
        snprintf(expected, sizeof(expected), ">S0 <SA0 >A0 %s", cases[i].expected);
        assert_segments(expected);
        assert_seamless();
        teardown(state);
    }
}

TEST_WITH(begins_in_mid_stream_where_the_opening_is_not_known, setup, teardown)
{
    exchange("Hi", "HI!");
    close_client(SL_BY_PEER, SL_CLOSE_EOF, 0);
    assert_segments(">PA2 <PA3 >FA0 <FA0 >A0");
    assert_seamless();
}

TEST_WITH(passes_over_what_comes_twice, setup, teardown)
{
    open_client();
    open_client();
    exchange("Hi", "HI!");
    close_client(SL_BY_PEER, SL_CLOSE_RESET, 0);
    open_client();
    close_client(SL_BY_PEER, SL_CLOSE_RESET, 0);
    assert_segments(">S0 <SA0 >A0 >PA2 <PA3 >RA0");
}

TEST_WITH(shows_what_ended_a_line, setup, teardown)
{
    struct sl_record head = head_of(SL_RECORD_EXCHANGE);

    open_client();
    head.exchange.line_end = SL_LINE_END_CRLF;
    assert_int_equal(export_one(exporter, head, "Hi", "ok\n", &out), 0);
    assert_non_null(memmem(out.data, out.size, "Hi\r\n", 4));
    head.exchange.line_end = SL_LINE_END_LF; /* an empty line that nobody answered */
    head.exchange.outcome = SL_PEER_GONE;
    assert_int_equal(export_one(exporter, head, NULL, NULL, &out), 0);
    assert_segments(">S0 <SA0 >A0 >PA4 <PA3 >PA1 <A0");
    assert_seamless();
}

TEST_WITH(splits_what_is_longer_than_a_packet, setup, teardown)
{
    static char text[65537];

    memset(text, 'a', 65536);
    open_client();
    exchange(text, text);
    assert_segments(">S0 <SA0 >A0 >A65495 <A0 >PA41 <A65495 >A0 <PA41");
    assert_seamless();
    assert_string_equal(segments[5].comment, "");
}

TEST_WITH(shows_the_size_of_what_was_not_stored, setup, teardown)
{
    struct sl_record head = head_of(SL_RECORD_EXCHANGE);

    head.exchange.outcome = SL_PEER_GONE;
    head.exchange.received_stored = 2;
    head.exchange.received_size = 65495 + 10;
    assert_int_equal(export_one(exporter, head, "Hi", NULL, &out), 0);
    exchange("more", NULL);
    assert_segments(">A65495 <A0 >PA10 <A0 >PA4 <A0");
    assert_seamless();
    assert_string_equal(segments[0].comment, "seq 1 peer_gone, 2 of 65505 bytes recorded");
    assert_int_equal(segments[0].captured, 2);
    assert_int_equal(segments[2].captured, 0);
}

/* A terabyte without a line end costs no terabyte of packets. */
TEST_WITH(ends_an_endless_message_in_a_hole, setup, teardown)
{
    struct sl_record head = head_of(SL_RECORD_EXCHANGE);

    head.exchange.outcome = SL_PEER_GONE;
    head.exchange.received_stored = 2;
    head.exchange.received_size = UINT64_C(1) << 40;
    assert_int_equal(export_one(exporter, head, "Hi", NULL, &out), 0);
    exchange("more", NULL);
    assert_true(out.size < 100000);
    read_segments();
    assert_int_equal(count, 256 * 2 + 1 + 2);
}

#include "export_fixture.h"

static struct sl_exporter *exporter;
static struct sl_buffer out;

static int setup(void **state)
{
    (void)state;
    exporter = sl_exporter_new(SL_EXPORT_PCAPNG);
    assert_non_null(exporter);
    assert_int_equal(sl_exporter_begin(exporter, &out), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_exporter_free(exporter);
    sl_buffer_deinit(&out);
    return 0;
}

static void export(struct sl_record head, const char *received, const char *sent)
{
    assert_int_equal(export_one(exporter, head, received, sent, &out), 0);
}

static struct sl_record datagram(uint64_t seq)
{
    return (struct sl_record){.seq = seq,
                              .exchange.peer = V4(1600),
                              .exchange.local = V4(12000),
                              .exchange.received_at_ns = INT64_C(1767225600123456789),
                              .exchange.replied_at_ns = INT64_C(1767225600123456999)};
}

/* The packets of the file, at most `capacity` of them; how many blocks of `type` there are beside
 * goes to *others. */
static size_t read_all(struct seen_packet *packets, size_t capacity, uint32_t type, size_t *others)
{
    size_t offset = 0, count = 0;
    struct seen_block block = {0};

    *others = 0;
    while (next_block(&out, &offset, &block)) {
        *others += block.type == type;
        if (block.type == 6) {
            assert_true(count < capacity);
            packets[count++] = read_packet(&block);
        }
    }
    return count;
}

TEST_WITH(begins_with_a_section_that_says_what_is_synthesised, setup, teardown)
{
    struct seen_block block = {0};
    size_t offset = 0;

    assert_true(next_block(&out, &offset, &block));
    assert_int_equal(block.type, 0x0A0D0D0A);
    assert_int_equal(little32(block.body), 0x1A2B3C4D);
    assert_int_equal(little32(block.body + 4), 1);
    assert_int_equal(little32(block.body + 8), UINT32_MAX);
    assert_false(next_block(&out, &offset, &block));
    sl_buffer_append(&out, "", 1);
    assert_non_null(memmem(out.data, out.size, "synthesised by socklens", 23));
}

TEST_WITH(announces_each_listener_once, setup, teardown)
{
    struct sl_record udp = datagram(1), tcp = datagram(2);
    struct seen_packet packets[16];
    struct seen_block block = {0};
    size_t offset = 0, interfaces;
    char text[256];

    tcp.exchange.service = SL_TCP_UPPER;
    export(udp, "a", "A");
    export(tcp, "b", "B");
    export(udp, "c", "C");
    assert_int_equal(read_all(packets, 16, 1, &interfaces), 6);
    assert_int_equal(interfaces, 2);
    assert_int_equal(packets[0].interface, 0);
    assert_int_equal(packets[2].interface, 1);
    assert_int_equal(packets[4].interface, 0);
    assert_true(next_block(&out, &offset, &block));
    assert_true(next_block(&out, &offset, &block));
    assert_int_equal(block.type, 1);
    assert_int_equal(little32(block.body), 101);
    option_text(block.body + 8, block.body_size - 8, 2, 0, text);
    assert_string_equal(text, NAME);
    option_text(block.body + 8, block.body_size - 8, 3, 0, text);
    assert_string_equal(text, "udp-upper");
    option_text(block.body + 8, block.body_size - 8, 9, 0, text);
    assert_string_equal(text, "\x09");
}

TEST_WITH(shows_a_datagram_and_its_reply, setup, teardown)
{
    struct seen_packet packets[4];
    size_t ignored;

    export(datagram(17), "hello", "HELLO");
    assert_int_equal(read_all(packets, 4, 0, &ignored), 2);
    assert_int_equal(packets[0].at_ns, INT64_C(1767225600123456789));
    assert_int_equal(packets[1].at_ns, INT64_C(1767225600123456999));
    assert_string_equal(packets[0].comment, "seq 17 replied");
    assert_string_equal(packets[1].comment, "reply to seq 17");
    assert_bytes_equal(packets[0].bytes + 28, packets[0].captured - 28, "hello", 5);
    assert_bytes_equal(packets[1].bytes + 28, packets[1].captured - 28, "HELLO", 5);
    assert_int_equal(big16(packets[0].bytes + 20), 1600);
    assert_int_equal(big16(packets[1].bytes + 20), 12000);
    assert_int_equal(big16(packets[1].bytes + 4), big16(packets[0].bytes + 4) + 1);
}

TEST_WITH(shows_what_was_refused_alone, setup, teardown)
{
    struct sl_record head = datagram(3);
    struct seen_packet packets[4];
    size_t ignored;

    head.exchange.outcome = SL_REFUSED_OWN_LISTENER;
    head.exchange.replied_at_ns = 0;
    export(head, "hello", NULL);
    assert_int_equal(read_all(packets, 4, 0, &ignored), 1);
    assert_string_equal(packets[0].comment, "seq 3 refused_own_listener");
}

TEST_WITH(says_what_was_not_stored, setup, teardown)
{
    struct sl_record head = datagram(3);
    struct seen_packet packets[4];
    size_t ignored;

    head.exchange.outcome = SL_SEND_FAILED;
    head.exchange.received_size = 1000;
    head.exchange.received_stored = 5;
    export(head, "hello", NULL);
    assert_int_equal(read_all(packets, 4, 0, &ignored), 1);
    assert_string_equal(packets[0].comment, "seq 3 send_failed, 5 of 1000 bytes recorded");
    assert_int_equal(packets[0].captured, 33);
    assert_int_equal(packets[0].size, 1028);
    assert_int_equal(big16(packets[0].bytes + 2), 1028);
}

/* No file of ours says so, but a damaged one might. */
TEST_WITH(keeps_impossible_sizes_within_a_packet, setup, teardown)
{
    struct sl_record head = datagram(3);
    struct seen_packet packets[4];
    size_t ignored;

    head.exchange.received_size = UINT64_MAX;
    head.exchange.peer = V6(1);
    export(head, NULL, NULL);
    head.exchange.peer = V4(1);
    export(head, NULL, NULL);
    assert_int_equal(read_all(packets, 4, 0, &ignored), 4);
    assert_int_equal(packets[0].size, 40 + 65535);
    assert_int_equal(packets[2].size, 65535);
}

TEST_WITH(tells_a_gap_with_the_next_packet, setup, teardown)
{
    struct seen_packet packets[8];
    size_t ignored;

    export(datagram(1), "a", "A");
    assert_int_equal(sl_exporter_gap(exporter, 2, 5, "evicted", &out), 0);
    assert_int_equal(sl_exporter_gap(exporter, 6, 7, "evicted", &out), 0);
    export(datagram(8), "b", "B");
    assert_int_equal(sl_exporter_end(exporter, &out), 0);
    assert_int_equal(read_all(packets, 8, 5, &ignored), 4);
    assert_string_equal(packets[1].second_comment, "");
    assert_string_equal(packets[2].comment, "seq 8 replied");
    assert_string_equal(packets[2].second_comment,
                        "messages 2 to 7 are missing before this: evicted");
    assert_string_equal(packets[3].second_comment, "");
    assert_int_equal(ignored, 0);
}

TEST_WITH(tells_a_gap_at_the_end_with_statistics, setup, teardown)
{
    struct seen_packet packets[1];
    size_t statistics;

    assert_int_equal(sl_exporter_gap(exporter, 2, 5, "evicted", &out), 0);
    assert_int_equal(sl_exporter_end(exporter, &out), 0);
    assert_int_equal(read_all(packets, 1, 5, &statistics), 0);
    assert_int_equal(statistics, 1);
    assert_non_null(memmem(out.data, out.size, "messages 2 to 5 are missing", 27));
}

TEST_WITH(gives_unix_clients_addresses_of_their_own, setup, teardown)
{
    struct sl_record head = {.exchange.service = SL_TCP_CHAT,
                             .exchange.client = 64512 * 3 + 7,
                             .exchange.outcome = SL_UNFINISHED,
                             .exchange.peer = {.family = AF_UNIX},
                             .exchange.local = {.family = AF_UNIX}};
    struct seen_packet packets[2];
    size_t ignored;

    export(head, "a", NULL);
    assert_int_equal(read_all(packets, 2, 0, &ignored), 2);
    assert_memory_equal(packets[0].bytes + 12, ((uint8_t[]){127, 64, 0, 3, 127, 0, 0, 1}), 8);
    assert_int_equal(big16(packets[0].bytes + 20), 1024 + 7);
    assert_int_equal(big16(packets[0].bytes + 22), 1060);
}

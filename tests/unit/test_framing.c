#include "unit.h"

#include <stdlib.h>

#include "failing_memory.h"
#include "socklens/framing.h"

enum how { MORE, DRAINED, QUIET, ENDED };

/* A connection under test: what it gave as messages is written down as "size:bytes|", and, with
 * their line ends, as the stream that it was. */
struct wire {
    struct sl_framer framer;
    enum sl_framing framing;
    bool untimed;
    struct sl_buffer seen, fed, again;
    bool failed;
};

static void note_message(struct wire *wire, const struct sl_message *message)
{
    assert_in_range(message->stored, 0, SL_STORED_SIZE_MAX);
    assert_true(message->stored <= message->size);
    assert_true(message->stored == message->size || message->stored == SL_STORED_SIZE_MAX);
    sl_buffer_printf(&wire->seen, "%llu:", (unsigned long long)message->size);
    sl_buffer_append(&wire->seen, message->bytes, message->stored);
    sl_buffer_append_text(&wire->seen, "|");
    sl_buffer_append(&wire->again, message->bytes, message->stored);
    sl_buffer_append_text(&wire->again, sl_line_end_bytes(message->line_end));
}

/* The chunk lies in a heap block of exactly its size, which is gone afterwards, as a worker's
 * receive buffer is. */
static void feed(struct wire *wire, const void *bytes, size_t size, enum how how)
{
    uint8_t *copy = size > 0 ? malloc(size) : NULL;
    if (size > 0)
        memcpy(copy, bytes, size);
    sl_buffer_append(&wire->fed, bytes, size);
    struct sl_chunk chunk = {.bytes = copy,
                             .size = size,
                             .untimed = wire->untimed,
                             .drained = how != MORE,
                             .quiet = how == QUIET,
                             .ended = how == ENDED};
    struct sl_message message;
    while (sl_framer_next(&wire->framer, wire->framing, &chunk, &message, &wire->failed))
        note_message(wire, &message);
    assert_int_equal(chunk.size, 0);
    free(copy);
}

static void feed_text(struct wire *wire, const char *text, enum how how)
{
    feed(wire, text, strlen(text), how);
}

/* Messages, their line ends and what waits unfinished are all that came, byte for byte. */
static void assert_nothing_lost(struct wire *wire)
{
    sl_buffer_append(&wire->again, wire->framer.partial, (size_t)wire->framer.partial_size);
    assert_bytes_equal(wire->again.data, wire->again.size, wire->fed.data, wire->fed.size);
}

static void close_wire(struct wire *wire)
{
    assert_nothing_lost(wire);
    sl_framer_deinit(&wire->framer);
    sl_buffer_deinit(&wire->seen);
    sl_buffer_deinit(&wire->fed);
    sl_buffer_deinit(&wire->again);
}

static void end(struct wire *wire, const char *expected)
{
    assert_false(wire->failed);
    assert_took(&wire->seen, expected);
    close_wire(wire);
}

static struct wire chat(void)
{
    return (struct wire){.framing = SL_FRAMING_CHAT};
}

static struct wire once(void)
{
    return (struct wire){.framing = SL_FRAMING_ONCE};
}

static struct wire untimed(enum sl_framing framing)
{
    return (struct wire){.framing = framing, .untimed = true};
}

TEST(without_a_line_end_a_message_ends_in_quiet)
{
    struct wire wire = chat();
    feed_text(&wire, "H", DRAINED);
    feed_text(&wire, "i", DRAINED);
    assert_int_equal(wire.seen.size, 0);
    feed(&wire, NULL, 0, QUIET);
    assert_took(&wire.seen, "2:Hi|");
    assert_false(wire.framer.line_mode);
    feed(&wire, NULL, 0, QUIET); /* nothing waits */
    feed_text(&wire, "a\nb", DRAINED);
    assert_took(&wire.seen, "1:a|");
    feed(&wire, NULL, 0, QUIET); /* in line mode too */
    end(&wire, "1:b|");
    wire = once();
    feed_text(&wire, "hel", DRAINED);
    feed_text(&wire, "lo", DRAINED);
    feed(&wire, NULL, 0, QUIET);
    end(&wire, "5:hello|");
}

/* Each text cut at every place gives what it gives in one. */
TEST(no_cut_changes_a_message)
{
    static const struct {
        const char *text, *chat, *once;
    } cases[] = {{"hello x\n", "7:hello x|", "8:hello x\n|"},
                 {"hello\r\n", "5:hello|", "7:hello\r\n|"},
                 {"hello", "5:hello|", "5:hello|"},
                 {"Exit\r", "5:Exit\r|", "5:Exit\r|"},
                 {"\n", "0:|", "1:\n|"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t at = 0; at <= strlen(cases[i].text); at++) {
            struct wire wires[] = {chat(), once()};
            for (size_t j = 0; j < COUNT_OF(wires); j++) {
                feed(&wires[j], cases[i].text, at, DRAINED);
                feed_text(&wires[j], cases[i].text + at, DRAINED);
                feed(&wires[j], NULL, 0, QUIET);
            }
            end(&wires[0], cases[i].chat);
            end(&wires[1], cases[i].once);
        }
    }
}

TEST(what_is_there_when_drained_is_a_message)
{
    struct wire wire = untimed(SL_FRAMING_CHAT);
    feed_text(&wire, "Hi", DRAINED);
    feed_text(&wire, "there", DRAINED);
    assert_false(wire.framer.line_mode);
    assert_null(wire.framer.partial);
    end(&wire, "2:Hi|5:there|");
}

TEST(a_message_goes_on_until_the_socket_is_drained)
{
    struct wire wire = untimed(SL_FRAMING_CHAT);
    feed_text(&wire, "one ", MORE);
    feed_text(&wire, "two ", MORE);
    feed_text(&wire, "three", DRAINED);
    feed_text(&wire, "four", MORE);
    feed(&wire, NULL, 0, DRAINED);
    end(&wire, "13:one two three|4:four|");
}

TEST(a_line_end_ends_a_message)
{
    struct wire wire = chat();
    feed_text(&wire, "Hi\nthere\r\n\n\r\nend\n", DRAINED);
    assert_true(wire.framer.line_mode);
    end(&wire, "2:Hi|5:there|0:|0:|3:end|");
}

TEST(only_one_carriage_return_is_dropped)
{
    struct wire wire = chat();
    feed_text(&wire, "a\r\r\nb\rc\n", DRAINED);
    end(&wire, "2:a\r|3:b\rc|");
}

TEST(an_unfinished_line_waits_in_line_mode)
{
    struct wire wire = chat();
    feed_text(&wire, "abc\ndef", DRAINED);
    assert_took(&wire.seen, "3:abc|");
    feed_text(&wire, "ghi", DRAINED);
    feed(&wire, NULL, 0, DRAINED);
    assert_int_equal(wire.seen.size, 0);
    feed_text(&wire, "\n", DRAINED);
    end(&wire, "6:defghi|");
}

TEST(a_line_may_begin_before_line_mode)
{
    struct wire wire = chat();
    feed_text(&wire, "abc", MORE);
    feed_text(&wire, "def\nghi", DRAINED);
    feed_text(&wire, "\n", DRAINED);
    end(&wire, "6:abcdef|3:ghi|");
}

TEST(a_client_may_change_to_lines)
{
    struct wire wire = untimed(SL_FRAMING_CHAT);
    feed_text(&wire, "Hi", DRAINED);
    feed_text(&wire, "there\n", DRAINED);
    feed_text(&wire, "end", DRAINED);
    end(&wire, "2:Hi|5:there|");
}

TEST(a_line_end_split_in_two_is_one)
{
    struct wire wire = chat();
    feed_text(&wire, "a\n", DRAINED);
    feed_text(&wire, "abc\r", DRAINED);
    feed_text(&wire, "\n", DRAINED);
    feed_text(&wire, "\r", DRAINED);
    feed_text(&wire, "\n", DRAINED);
    feed_text(&wire, "x\r", DRAINED);
    feed_text(&wire, "y\n", DRAINED);
    end(&wire, "1:a|3:abc|0:|3:x\ry|");
}

TEST(the_end_of_the_stream_ends_a_line)
{
    struct wire wire = chat();
    feed_text(&wire, "a\nbc", DRAINED);
    feed(&wire, NULL, 0, ENDED);
    end(&wire, "1:a|2:bc|");
    wire = chat();
    feed_text(&wire, "a\nbc\r", ENDED);
    end(&wire, "1:a|3:bc\r|");
    wire = chat();
    feed_text(&wire, "Hi", MORE);
    feed(&wire, NULL, 0, ENDED);
    end(&wire, "2:Hi|");
}

TEST(an_end_without_anything_is_no_message)
{
    struct wire wire = chat();
    feed(&wire, NULL, 0, DRAINED);
    feed(&wire, NULL, 0, ENDED);
    end(&wire, "");
    wire = chat();
    feed_text(&wire, "a\n", DRAINED);
    feed(&wire, NULL, 0, ENDED);
    end(&wire, "1:a|");
    wire = once();
    feed(&wire, NULL, 0, DRAINED);
    feed(&wire, NULL, 0, ENDED);
    end(&wire, "");
}

TEST(once_takes_line_ends_as_they_are)
{
    struct wire wire = untimed(SL_FRAMING_ONCE);
    feed_text(&wire, "hello\r\n", MORE);
    feed_text(&wire, "you\n", DRAINED);
    end(&wire, "11:hello\r\nyou\n|");
    wire = once();
    feed_text(&wire, "hello", MORE);
    feed(&wire, NULL, 0, ENDED);
    end(&wire, "5:hello|");
}

/* `size` bytes of 'x', then `tail`, in chunks; the message's size and stored bytes are checked. */
static void assert_long(size_t size, const char *tail, size_t chunk_size, uint64_t expected_size)
{
    struct sl_buffer stream = SL_BUFFER_INIT;
    memset(sl_buffer_reserve(&stream, size), 'x', size);
    stream.size = size;
    sl_buffer_append_text(&stream, tail);
    struct sl_framer framer = {.line_mode = true};
    struct sl_message message = {0};
    bool failed = false, got = false;
    for (size_t at = 0; at < stream.size; at += chunk_size) {
        size_t left = stream.size - at;
        struct sl_chunk chunk = {.bytes = stream.data + at,
                                 .size = left < chunk_size ? left : chunk_size,
                                 .drained = true};
        assert_false(got);
        got = sl_framer_next(&framer, SL_FRAMING_CHAT, &chunk, &message, &failed);
    }
    assert_true(got);
    assert_false(failed);
    assert_int_equal(message.size, expected_size);
    size_t stored = expected_size < SL_STORED_SIZE_MAX ? expected_size : SL_STORED_SIZE_MAX;
    assert_int_equal(message.stored, stored);
    for (size_t i = 0; i < size && i < stored; i++)
        assert_int_equal(message.bytes[i], 'x');
    assert_in_range(framer.partial_capacity, 0, SL_STORED_SIZE_MAX);
    sl_framer_deinit(&framer);
    sl_buffer_deinit(&stream);
}

TEST(a_long_message_is_counted_in_full_and_stored_cut)
{
    static const size_t chunk_sizes[] = {1000, 65536, 65537, 10000000};
    for (size_t i = 0; i < COUNT_OF(chunk_sizes); i++) {
        for (size_t size = SL_STORED_SIZE_MAX - 2; size <= SL_STORED_SIZE_MAX + 2; size++) {
            assert_long(size, "\n", chunk_sizes[i], size);
            assert_long(size, "\r\n", chunk_sizes[i], size);
            assert_long(size, "\r\r\n", chunk_sizes[i], size + 1);
        }
        assert_long(3000000, "\r\n", chunk_sizes[i], 3000000);
    }
}

TEST(memory_is_held_for_unfinished_messages_only)
{
    struct wire wire = chat();
    feed_text(&wire, "a\nbc", DRAINED);
    assert_non_null(wire.framer.partial);
    feed_text(&wire, "d\n", DRAINED);
    assert_null(wire.framer.partial);
    end(&wire, "1:a|3:bcd|");
}

TEST(a_message_in_one_chunk_needs_no_memory)
{
    struct sl_framer framer = {0};
    struct sl_chunk chunk = {BYTES("one\ntwo\r\nthree\n"), .drained = true};
    struct sl_message message;
    bool failed = false;
    unsigned messages = 0;
    allow_allocations(0);
    while (sl_framer_next(&framer, SL_FRAMING_CHAT, &chunk, &message, &failed))
        messages++;
    allow_allocations(-1);
    assert_int_equal(messages, 3);
    assert_false(failed);
}

TEST(missing_memory_is_told)
{
    struct sl_framer framer = {0};
    struct sl_message message;
    struct sl_chunk chunk = {BYTES("a\nunfinished"), .drained = true};
    bool failed = false;
    allow_allocations(0);
    assert_true(sl_framer_next(&framer, SL_FRAMING_CHAT, &chunk, &message, &failed));
    assert_false(failed);
    bool got = sl_framer_next(&framer, SL_FRAMING_CHAT, &chunk, &message, &failed);
    allow_allocations(-1);
    assert_false(got);
    assert_true(failed);
    sl_framer_deinit(&framer);
}

TEST(missing_memory_at_a_line_end_is_told)
{
    struct sl_framer framer = {.line_mode = true};
    struct sl_message message;
    static const uint8_t long_end[1000] = {[999] = '\n'};
    struct sl_chunk first = {BYTES("begin"), .drained = true};
    struct sl_chunk second = {long_end, sizeof(long_end), .drained = true};
    bool failed = false;
    assert_false(sl_framer_next(&framer, SL_FRAMING_CHAT, &first, &message, &failed));
    assert_false(failed);
    allow_allocations(0);
    bool got = sl_framer_next(&framer, SL_FRAMING_CHAT, &second, &message, &failed);
    allow_allocations(-1);
    assert_false(got);
    assert_true(failed);
    sl_framer_deinit(&framer);
}

/* Lines of a random stream, written down by the rules and not by the framer. */
static void expect_lines(const struct sl_buffer *stream, struct sl_buffer *expected)
{
    size_t start = 0;
    for (size_t at = 0; at < stream->size; at++) {
        if (stream->data[at] != '\n')
            continue;
        size_t size = at - start;
        if (size > 0 && stream->data[at - 1] == '\r')
            size--;
        sl_buffer_printf(expected, "%zu:", size);
        sl_buffer_append(expected, stream->data + start, size);
        sl_buffer_append_text(expected, "|");
        start = at + 1;
    }
    if (start == stream->size)
        return;
    sl_buffer_printf(expected, "%zu:", stream->size - start);
    sl_buffer_append(expected, stream->data + start, stream->size - start);
    sl_buffer_append_text(expected, "|");
}

TEST(every_split_of_lines_gives_the_same_messages)
{
    uint64_t random = 99;
    for (unsigned round = 0; round < 3000; round++) {
        struct sl_buffer stream = SL_BUFFER_INIT, expected = SL_BUFFER_INIT;
        struct wire wire = chat();
        wire.framer.line_mode = true;
        for (uint64_t size = next_random(&random) % 600; size > 0; size--)
            sl_buffer_append(&stream, &"ab\r\n\n\r\0c"[next_random(&random) % 8], 1);
        expect_lines(&stream, &expected);
        size_t most = 1 + next_random(&random) % 300;
        for (size_t at = 0; at < stream.size;) {
            size_t size = next_random(&random) % (most + 1);
            if (size > stream.size - at)
                size = stream.size - at;
            enum how how = next_random(&random) % 2 ? MORE : DRAINED;
            feed(&wire, stream.data + at, size, how);
            at += size;
        }
        feed(&wire, NULL, 0, ENDED);
        assert_bytes_equal(wire.seen.data, wire.seen.size, expected.data, expected.size);
        close_wire(&wire);
        sl_buffer_deinit(&stream);
        sl_buffer_deinit(&expected);
    }
}

TEST(a_new_framer_may_be_ended_at_once)
{
    struct sl_framer framer = {0};
    sl_framer_deinit(&framer);
    sl_framer_deinit(&framer);
    assert_null(framer.partial);
}

#include "unit.h"

#include "failing_memory.h"
#include "socklens/service.h"

static struct sl_message message_of(const char *text)
{
    size_t size = strlen(text);
    return (struct sl_message){.bytes = (const uint8_t *)text, .stored = size, .size = size};
}

TEST(answers_in_upper_case)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_message message = message_of("hello, straße!\r\n");
    assert_int_equal(sl_uppercase_respond(&message, &out), SL_ANSWER);
    assert_took(&out, "HELLO, STRASSE!\r\n");
    sl_buffer_deinit(&out);
}

TEST(answers_an_empty_datagram_with_an_empty_one)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_message message = message_of("");
    assert_int_equal(sl_uppercase_respond(&message, &out), SL_ANSWER);
    assert_int_equal(out.size, 0);
    sl_buffer_deinit(&out);
}

TEST(answers_what_was_stored_of_a_long_message)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_message message = message_of("abc");
    message.size = 1000000;
    assert_int_equal(sl_uppercase_respond(&message, &out), SL_ANSWER);
    assert_took(&out, "ABC");
    sl_buffer_deinit(&out);
}

TEST(says_when_memory_is_missing)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_message message = message_of("abc");
    allow_allocations(0);
    enum sl_verdict verdict = sl_uppercase_respond(&message, &out);
    allow_allocations(-1);
    assert_int_equal(verdict, SL_NO_MEMORY);
    assert_int_equal(out.size, 0);
}

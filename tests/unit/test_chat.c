#include "unit.h"

#include "failing_memory.h"
#include "socklens/service.h"

static void assert_answer(const char *text, enum sl_verdict verdict, const char *expected)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    size_t size = strlen(text);
    struct sl_message message = {.bytes = (const uint8_t *)text, .stored = size, .size = size};
    assert_int_equal(sl_chat_respond(&message, &out), verdict);
    assert_took(&out, expected);
    sl_buffer_deinit(&out);
}

TEST(counts_the_bytes)
{
    assert_answer("Hi", SL_ANSWER, "Your data was 2 bytes");
    assert_answer("", SL_ANSWER, "Your data was 0 bytes");
    assert_answer("straße", SL_ANSWER, "Your data was 7 bytes");
}

TEST(exit_ends_the_conversation)
{
    assert_answer("Exit", SL_ANSWER_AND_CLOSE, "Disconnect");
}

TEST(only_the_exact_word_is_exit)
{
    assert_answer("exit", SL_ANSWER, "Your data was 4 bytes");
    assert_answer("EXIT", SL_ANSWER, "Your data was 4 bytes");
    assert_answer("Exit ", SL_ANSWER, "Your data was 5 bytes");
    assert_answer(" Exit", SL_ANSWER, "Your data was 5 bytes");
    assert_answer("Exit\r", SL_ANSWER, "Your data was 5 bytes");
    assert_answer("Exi", SL_ANSWER, "Your data was 3 bytes");
}

TEST(bytes_that_were_not_stored_count_too)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_message message = {.bytes = (const uint8_t *)"Exit", .stored = 4, .size = UINT64_MAX};
    assert_int_equal(sl_chat_respond(&message, &out), SL_ANSWER);
    assert_took(&out, "Your data was 18446744073709551615 bytes");
    sl_buffer_deinit(&out);
}

TEST(reply_is_appended_to_the_buffer)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_message message = {.bytes = (const uint8_t *)"Exit", .stored = 4, .size = 4};
    sl_buffer_append_text(&out, "before\n");
    sl_chat_respond(&message, &out);
    assert_took(&out, "before\nDisconnect");
    sl_buffer_deinit(&out);
}

TEST(says_when_memory_is_missing)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_message bytes = {.bytes = (const uint8_t *)"Hi", .stored = 2, .size = 2};
    struct sl_message leave = {.bytes = (const uint8_t *)"Exit", .stored = 4, .size = 4};
    allow_allocations(0);
    enum sl_verdict verdicts[] = {sl_chat_respond(&bytes, &out), sl_chat_respond(&leave, &out)};
    allow_allocations(-1);
    assert_int_equal(verdicts[0], SL_NO_MEMORY);
    assert_int_equal(verdicts[1], SL_NO_MEMORY);
    assert_int_equal(out.size, 0);
}

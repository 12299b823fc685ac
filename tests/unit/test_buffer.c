#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "failing_memory.h"

TEST(appends_in_order)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    assert_int_equal(sl_buffer_append(&buffer, "one ", 4), 0);
    assert_int_equal(sl_buffer_append_text(&buffer, "two "), 0);
    assert_int_equal(sl_buffer_printf(&buffer, "%d %s", 3, "four"), 0);
    assert_int_equal(sl_buffer_append_uint(&buffer, 5), 0);
    assert_took(&buffer, "one two 3 four5");
    sl_buffer_deinit(&buffer);
}

static void assert_number(struct sl_buffer *buffer, uint64_t value)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value);
    assert_int_equal(sl_buffer_append_uint(buffer, value), 0);
    assert_took(buffer, expected);
}

TEST(writes_numbers_of_every_length)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    for (uint64_t power = 1; power < UINT64_MAX / 10; power *= 10) {
        assert_number(&buffer, power - 1);
        assert_number(&buffer, power);
        assert_number(&buffer, power / 9 * 8);
    }
    assert_number(&buffer, UINT64_MAX);
    sl_buffer_deinit(&buffer);
}

TEST(deinit_leaves_an_empty_buffer)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    sl_buffer_append_text(&buffer, "x");
    sl_buffer_deinit(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.capacity, 0);
    sl_buffer_deinit(&buffer);
}

TEST(appending_nothing_is_no_failure)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    assert_non_null(sl_buffer_reserve(&buffer, 0));
    assert_int_equal(sl_buffer_append(&buffer, NULL, 0), 0);
    assert_int_equal(sl_buffer_printf(&buffer, "%s", ""), 0);
    assert_int_equal(buffer.size, 0);
    sl_buffer_deinit(&buffer);
}

TEST(growth_is_linear_over_all)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    unsigned moves = 0;
    for (unsigned i = 0; i < 1000000; i++) {
        size_t capacity = buffer.capacity;
        uint8_t byte = (uint8_t)i;
        assert_int_equal(sl_buffer_append(&buffer, &byte, 1), 0);
        moves += buffer.capacity != capacity;
    }
    assert_in_range(moves, 1, 20);
    for (unsigned i = 0; i < 1000000; i += 997)
        assert_int_equal(buffer.data[i], (uint8_t)i);
    sl_buffer_deinit(&buffer);
}

TEST(consumes_from_the_front)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    sl_buffer_consume(&buffer, 1);
    sl_buffer_append_text(&buffer, "abcdef");
    sl_buffer_consume(&buffer, 0);
    sl_buffer_consume(&buffer, 2);
    assert_int_equal(buffer.size, 4);
    assert_memory_equal(buffer.data, "cdef", 4);
    sl_buffer_consume(&buffer, 1000);
    assert_int_equal(buffer.size, 0);
    sl_buffer_deinit(&buffer);
}

TEST(refuses_sizes_that_overflow)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    sl_buffer_append_text(&buffer, "abc");
    assert_null(sl_buffer_reserve(&buffer, SIZE_MAX));
    assert_null(sl_buffer_reserve(&buffer, SIZE_MAX - 2));
    assert_took(&buffer, "abc");
    sl_buffer_deinit(&buffer);
}

TEST(without_memory_nothing_is_appended)
{
    struct sl_buffer buffer = SL_BUFFER_INIT;
    sl_buffer_append_text(&buffer, "abc");
    allow_allocations(0);
    assert_null(sl_buffer_reserve(&buffer, 1000));
    assert_int_equal(sl_buffer_printf(&buffer, "%1000d", 1), -ENOMEM);
    buffer.size = buffer.capacity;
    assert_int_equal(sl_buffer_append_uint(&buffer, 7), -ENOMEM);
    buffer.size = 3;
    assert_int_equal(sl_buffer_append_text(&buffer, "d"), 0); /* there is room for this one */
    allow_allocations(-1);
    assert_took(&buffer, "abcd");
    sl_buffer_deinit(&buffer);
}

/* What every unit test needs: cmocka with the headers it wants before it, and a few helpers. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* After those, which it needs. */
#include <cmocka.h>

#include "socklens/buffer.h"

/* A test puts itself on the list that unit.c runs, in the order of the file. `set_up` and
 * `tear_down` may be NULL. */
#define TEST(name) TEST_WITH(name, NULL, NULL)
#define TEST_WITH(name, set_up, tear_down)                                                         \
    static void name(void **state);                                                                \
    __attribute__((constructor)) static void name##_is_a_test(void)                                \
    {                                                                                              \
        unit_add(&(struct CMUnitTest){#name, name, set_up, tear_down, NULL});                      \
    }                                                                                              \
    static void name(void **state __attribute__((unused)))

/* Once before the first test of the file, once after the last. */
#define TEST_GROUP(set_up, tear_down)                                                              \
    __attribute__((constructor)) static void group_is_set(void)                                    \
    {                                                                                              \
        unit_set_group(set_up, tear_down);                                                         \
    }

void unit_add(const struct CMUnitTest *test);
void unit_set_group(CMFixtureFunction set_up, CMFixtureFunction tear_down);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The bytes of a string literal and their number, NUL bytes inside included. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static inline void assert_bytes_equal(const void *bytes, size_t size, const void *expected,
                                      size_t expected_size)
{
    assert_int_equal(size, expected_size);
    if (size > 0)
        assert_memory_equal(bytes, expected, size);
}

/* The buffer holds exactly this text; it is emptied for the next use. */
static inline void assert_took(struct sl_buffer *buffer, const char *expected)
{
    assert_int_equal(sl_buffer_append(buffer, "", 1), 0);
    assert_string_equal((const char *)buffer->data, expected);
    assert_int_equal(buffer->size, strlen(expected) + 1);
    buffer->size = 0;
}

/* xorshift64*: the same numbers in every run. *state is not 0. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(0x2545F4914F6CDD1D)) >> 16;
}

#endif

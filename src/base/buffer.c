/* A growable run of bytes. Its capacity doubles, so appending costs amortized constant time. */
#include "socklens/buffer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"

#define SMALLEST_CAPACITY 64

void sl_buffer_deinit(struct sl_buffer *buffer)
{
    free(buffer->data);
    *buffer = SL_BUFFER_INIT;
}

static size_t grown_capacity(size_t capacity, size_t needed)
{
    if (capacity < SMALLEST_CAPACITY)
        capacity = SMALLEST_CAPACITY;
    while (capacity < needed) {
        if (capacity > SIZE_MAX / 2)
            return needed;
        capacity *= 2;
    }
    return capacity;
}

uint8_t *sl_buffer_grow(struct sl_buffer *buffer, size_t extra)
{
    size_t needed, capacity;
    uint8_t *data;

    if (__builtin_add_overflow(buffer->size, extra, &needed))
        return NULL;
    capacity = grown_capacity(buffer->capacity, needed);
    data = realloc(buffer->data, capacity);
    if (!data)
        return NULL;
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->size;
}

int sl_buffer_append_uint(struct sl_buffer *buffer, uint64_t value)
{
    uint8_t *to = sl_buffer_reserve(buffer, SL_DIGITS_MAX);
    if (!to)
        return -ENOMEM;
    buffer->size += sl_digits_write(value, (char *)to);
    return 0;
}

__attribute__((format(printf, 2, 0))) static int
append_formatted(struct sl_buffer *buffer, const char *format, va_list arguments)
{
    va_list measured;
    va_copy(measured, arguments);
    int length = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    if (length < 0)
        return -EINVAL;
    uint8_t *to = sl_buffer_reserve(buffer, (size_t)length + 1);
    if (!to)
        return -ENOMEM;
    vsnprintf((char *)to, (size_t)length + 1, format, arguments);
    buffer->size += (size_t)length;
    return 0;
}

int sl_buffer_printf(struct sl_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status = append_formatted(buffer, format, arguments);
    va_end(arguments);
    return status;
}

void sl_buffer_consume(struct sl_buffer *buffer, size_t count)
{
    if (count >= buffer->size) {
        buffer->size = 0;
        return;
    }
    memmove(buffer->data, buffer->data + count, buffer->size - count);
    buffer->size -= count;
}

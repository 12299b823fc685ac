#include "failing_calloc.h"

#include <stdbool.h>
#include <stddef.h>

void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);

static int allowed = -1;

void allow_callocs(int count)
{
    allowed = count;
}

static bool allow(void)
{
    if (allowed > 0)
        allowed--;
    else if (allowed == 0)
        return false;
    return true;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allow() ? __real_calloc(count, size) : NULL;
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return allow() ? __real_reallocarray(memory, count, size) : NULL;
}

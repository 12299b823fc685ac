#include "failing_memory.h"

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);

static int allocations = -1, callocs = -1;

void allow_allocations(int count)
{
    allocations = count;
}

void allow_callocs(int count)
{
    callocs = count;
}

static bool allow(int *allowed)
{
    if (*allowed > 0)
        --*allowed;
    else if (*allowed == 0)
        return false;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return allow(&allocations) ? __real_malloc(size) : NULL;
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allow(&allocations) ? __real_realloc(memory, size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allow(&callocs) ? __real_calloc(count, size) : NULL;
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return allow(&callocs) ? __real_reallocarray(memory, count, size) : NULL;
}

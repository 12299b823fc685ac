/* Lets allocations fail in the program under test (linked with --wrap). */
#ifndef FAILING_MEMORY_H
#define FAILING_MEMORY_H

/* The next `count` of malloc(3) and realloc(3) work, those after them fail; negative: all work. */
void allow_allocations(int count);

/* The same for calloc(3) and reallocarray(3), which make what is there from a start on. */
void allow_callocs(int count);

#endif

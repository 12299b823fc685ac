/* Lets malloc(3) and realloc(3) fail in the program under test (linked with --wrap). */
#ifndef FAILING_MEMORY_H
#define FAILING_MEMORY_H

/* The next `count` allocations work, those after them fail; negative: all work. */
void allow_allocations(int count);

#endif

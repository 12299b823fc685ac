/* Lets calloc(3) and reallocarray(3) fail in the program under test (linked with --wrap). */
#ifndef FAILING_CALLOC_H
#define FAILING_CALLOC_H

/* The next `count` of them work, those after fail; negative: all work. */
void allow_callocs(int count);

#endif

/* Random numbers of the kernel (getrandom(2)). */
#ifndef SOCKLENS_RANDOM_H
#define SOCKLENS_RANDOM_H

#include <stdint.h>

#define SL_RANDOM_ID_SIZE 33

/* A key that keeps peers from choosing colliding keys of a hash table. Where the kernel has no
 * random numbers it is at least no constant. */
uint64_t sl_random_key(void);

/* 128 bits in hex digits. 0 or a negative errno. */
int sl_random_id(char id[SL_RANDOM_ID_SIZE]);

#endif

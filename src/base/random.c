/* Keys of hash tables, and identities of logs and runs. */
#include "socklens/random.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "socklens/clock.h"

uint64_t sl_random_key(void)
{
    uint64_t key;

    return getrandom(&key, sizeof(key), 0) == sizeof(key) ? key : (uint64_t)sl_clock_wall_ns();
}

int sl_random_id(char id[SL_RANDOM_ID_SIZE])
{
    uint64_t halves[2];

    if (getrandom(halves, sizeof(halves), 0) != sizeof(halves))
        return -errno;
    for (int i = 0; i < 2; i++)
        snprintf(id + 16 * i, 17, "%016llx", (unsigned long long)halves[i]);
    return 0;
}

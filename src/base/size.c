/* Numbers of bytes as people write them (64k, 2M, 1GiB). */
#include "socklens/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a unit multiplies by, as a shift; -1 where it is none. */
static int size_shift(const char *unit)
{
    static const char letters[] = "KMGT";
    const char *letter;

    if (!*unit)
        return 0;
    letter = strchr(letters, toupper((unsigned char)*unit));
    if (!letter || (unit[1] && strcasecmp(unit + 1, "iB") != 0))
        return -1;
    return 10 * (int)(letter - letters + 1);
}

bool sl_size_parse(const char *text, uint64_t *size)
{
    uint64_t value;
    char *unit;
    int shift;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    value = strtoull(text, &unit, 10);
    shift = size_shift(unit);
    if (errno != 0 || shift < 0 || value > UINT64_MAX >> shift)
        return false;
    *size = value << shift;
    return true;
}

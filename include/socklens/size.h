/* Numbers of bytes as people write them. */
#ifndef SOCKLENS_SIZE_H
#define SOCKLENS_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits, with one of the units K M G T (in either case, also KiB ...) of 1024 bytes each:
 * "64", "64k", "1GiB". False, and *size untouched, where it is none or overflows. */
bool sl_size_parse(const char *text, uint64_t *size);

#endif

/* What JSON and CSV say alike of a payload and of times. */
#ifndef EXPORT_PAYLOAD_H
#define EXPORT_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "socklens/clock.h"
#include "socklens/exchange.h"
#include "socklens/text.h"

/* How many of the stored bytes are shown as text: all, but a text that was cut within a character
 * ends before it. */
static inline size_t payload_text_size(const uint8_t *bytes, size_t stored, uint64_t size)
{
    size_t prefix;

    if (size <= stored)
        return stored;
    prefix = sl_text_utf8_prefix(bytes, stored);
    return stored - prefix < 4 ? prefix : stored;
}

/* From read to written, of an exchange with a reply. The wall clock may have been set back in
 * between. */
static inline uint64_t payload_service_us(const struct sl_record *record)
{
    int64_t ns = record->exchange.replied_at_ns - record->exchange.received_at_ns;

    return ns > 0 ? (uint64_t)(ns / SL_NS_PER_US) : 0;
}

#endif

/* The blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian.
 *
 * Each function appends one block: 0 or -ENOMEM, then with a part of it in `out`. */
#ifndef EXPORT_PCAPNG_BLOCK_H
#define EXPORT_PCAPNG_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/buffer.h"

int pcapng_write_section(struct sl_buffer *out, const char *application, const char *comment);

/* Of raw IP packets (LINKTYPE_RAW) with times in nanoseconds. */
int pcapng_write_interface(struct sl_buffer *out, const char *name, const char *description,
                           const char *comment);

struct pcapng_packet {
    uint32_t interface; /* in the order of their blocks, from 0 */
    bool inbound;
    int64_t at_ns;
    const uint8_t *headers, *payload;
    size_t headers_size, stored; /* captured: both together */
    size_t size;                 /* of the payload on the wire */
    const char *comments[2];     /* NULL: none */
};

int pcapng_write_packet(struct sl_buffer *out, const struct pcapng_packet *packet);

/* Interface statistics, here for nothing but a comment at the end. */
int pcapng_write_statistics(struct sl_buffer *out, uint32_t interface, int64_t at_ns,
                            const char *comment);

#endif

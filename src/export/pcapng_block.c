/* The blocks of a pcapng file, little-endian (draft-ietf-opsawg-pcapng). */
#include "export/pcapng_block.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define BLOCK_SECTION         0x0A0D0D0Au
#define BLOCK_INTERFACE       1u
#define BLOCK_STATISTICS      5u
#define BLOCK_PACKET          6u
#define BYTE_ORDER_MAGIC      0x1A2B3C4Du
#define SECTION_SIZE_UNKNOWN  UINT64_MAX
#define LINKTYPE_RAW          101
#define SNAPLEN               262144 /* what readers take for the largest packet there can be */
#define OPTION_COMMENT        1
#define SECTION_APPLICATION   4
#define INTERFACE_NAME        2
#define INTERFACE_DESCRIPTION 3
#define INTERFACE_TSRESOL     9
#define PACKET_FLAGS          2
#define FLAG_INBOUND          1u
#define FLAG_OUTBOUND         2u
#define NANOSECONDS           9 /* 10^-9 s */

/* A block under construction. */
struct block {
    struct sl_buffer *out;
    size_t begin;
    bool failed;
    bool has_options;
};

static void bytes(struct block *block, const void *data, size_t size)
{
    block->failed = block->failed || sl_buffer_append(block->out, data, size) != 0;
}

static void u16(struct block *block, unsigned value)
{
    uint16_t little = htole16((uint16_t)value);

    bytes(block, &little, sizeof(little));
}

static void u32(struct block *block, uint32_t value)
{
    uint32_t little = htole32(value);

    bytes(block, &little, sizeof(little));
}

static void u64(struct block *block, uint64_t value)
{
    uint64_t little = htole64(value);

    bytes(block, &little, sizeof(little));
}

/* Everything stands on multiples of four bytes, counted from the block's begin. */
static void pad(struct block *block)
{
    size_t over = (block->out->size - block->begin) % 4;

    if (over > 0)
        bytes(block, "\0\0\0", 4 - over);
}

static void time_of(struct block *block, int64_t wall_ns)
{
    uint64_t ns = wall_ns > 0 ? (uint64_t)wall_ns : 0;

    u32(block, (uint32_t)(ns >> 32));
    u32(block, (uint32_t)ns);
}

static void option(struct block *block, unsigned code, const void *data, size_t size)
{
    u16(block, code);
    u16(block, (unsigned)size);
    bytes(block, data, size);
    pad(block);
    block->has_options = true;
}

static void text_option(struct block *block, unsigned code, const char *text)
{
    size_t size = strlen(text);

    option(block, code, text, size < UINT16_MAX ? size : UINT16_MAX);
}

static struct block begin_block(struct sl_buffer *out, uint32_t type)
{
    struct block block = {.out = out, .begin = out->size};

    u32(&block, type);
    u32(&block, 0); /* the size, when it is known */
    return block;
}

static int end_block(struct block *block)
{
    uint32_t little;

    if (block->has_options)
        u32(block, 0);
    little = htole32((uint32_t)(block->out->size - block->begin + sizeof(little)));
    bytes(block, &little, sizeof(little));
    if (block->failed)
        return -ENOMEM;
    memcpy(block->out->data + block->begin + 4, &little, sizeof(little));
    return 0;
}

int pcapng_write_section(struct sl_buffer *out, const char *application, const char *comment)
{
    struct block block = begin_block(out, BLOCK_SECTION);

    u32(&block, BYTE_ORDER_MAGIC);
    u16(&block, 1); /* version 1.0 */
    u16(&block, 0);
    u64(&block, SECTION_SIZE_UNKNOWN);
    text_option(&block, OPTION_COMMENT, comment);
    text_option(&block, SECTION_APPLICATION, application);
    return end_block(&block);
}

int pcapng_write_interface(struct sl_buffer *out, const char *name, const char *description,
                           const char *comment)
{
    struct block block = begin_block(out, BLOCK_INTERFACE);
    uint8_t resolution = NANOSECONDS;

    u16(&block, LINKTYPE_RAW);
    u16(&block, 0);
    u32(&block, SNAPLEN);
    text_option(&block, INTERFACE_NAME, name);
    text_option(&block, INTERFACE_DESCRIPTION, description);
    option(&block, INTERFACE_TSRESOL, &resolution, sizeof(resolution));
    text_option(&block, OPTION_COMMENT, comment);
    return end_block(&block);
}

int pcapng_write_packet(struct sl_buffer *out, const struct pcapng_packet *packet)
{
    struct block block = begin_block(out, BLOCK_PACKET);
    uint32_t flags = htole32(packet->inbound ? FLAG_INBOUND : FLAG_OUTBOUND);

    u32(&block, packet->interface);
    time_of(&block, packet->at_ns);
    u32(&block, (uint32_t)(packet->headers_size + packet->stored));
    u32(&block, (uint32_t)(packet->headers_size + packet->size));
    bytes(&block, packet->headers, packet->headers_size);
    bytes(&block, packet->payload, packet->stored);
    pad(&block);
    for (unsigned i = 0; i < 2; i++) {
        if (packet->comments[i])
            text_option(&block, OPTION_COMMENT, packet->comments[i]);
    }
    option(&block, PACKET_FLAGS, &flags, sizeof(flags));
    return end_block(&block);
}

int pcapng_write_statistics(struct sl_buffer *out, uint32_t interface, int64_t at_ns,
                            const char *comment)
{
    struct block block = begin_block(out, BLOCK_STATISTICS);

    u32(&block, interface);
    time_of(&block, at_ns);
    text_option(&block, OPTION_COMMENT, comment);
    return end_block(&block);
}

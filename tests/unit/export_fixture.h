/* Records to export, and a reader of pcapng that takes nothing for granted. */
#ifndef EXPORT_FIXTURE_H
#define EXPORT_FIXTURE_H

#include "unit.h"

#include <stdlib.h>

#include "socklens/export.h"

#define NAME "127.0.0.1:12000"

/* An IPv4 and an IPv6 loopback address. */
#define V4(number) ((struct sl_address){.family = AF_INET, .port = (number), .ip = {127, 0, 0, 1}})
#define V6(number) ((struct sl_address){.family = AF_INET6, .port = (number), .ip = {[15] = 1}})

/* A copy on the heap, with the payloads of `received_stored` and `sent_stored` bytes behind it. */
static inline struct sl_record *new_record(const struct sl_record *head, const void *received,
                                           const void *sent)
{
    const struct sl_exchange *exchange = &head->exchange;
    struct sl_record *record =
        malloc(sizeof(*record) + exchange->received_stored + exchange->sent_stored);

    assert_non_null(record);
    *record = *head;
    if (received && exchange->received_stored > 0)
        memcpy(record->payload, received, exchange->received_stored);
    if (sent && exchange->sent_stored > 0)
        memcpy(record->payload + exchange->received_stored, sent, exchange->sent_stored);
    return record;
}

/* Exports one record, whose texts are its payloads where its sizes are zero. */
static inline int export_one(struct sl_exporter *exporter, struct sl_record head,
                             const char *received, const char *sent, struct sl_buffer *out)
{
    struct sl_record *record;
    int error;

    if (head.exchange.received_stored == 0 && received)
        head.exchange.received_size = head.exchange.received_stored = (uint32_t)strlen(received);
    if (head.exchange.sent_stored == 0 && sent)
        head.exchange.sent_size = head.exchange.sent_stored = (uint32_t)strlen(sent);
    record = new_record(&head, received, sent);
    error = sl_exporter_record(exporter, record, NAME, out);
    free(record);
    return error;
}

static inline uint32_t little32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint16_t big16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t big32(const uint8_t *at)
{
    return (uint32_t)big16(at) << 16 | big16(at + 2);
}

struct seen_block {
    uint32_t type;
    const uint8_t *body; /* behind the size */
    size_t body_size;
};

/* The next block from *offset, false at the end. */
static inline bool next_block(const struct sl_buffer *file, size_t *offset,
                              struct seen_block *block)
{
    const uint8_t *at = file->data + *offset;
    uint32_t size;

    if (*offset == file->size)
        return false;
    assert_true(file->size - *offset >= 12);
    size = little32(at + 4);
    assert_int_equal(size % 4, 0);
    assert_in_range(size, 12, file->size - *offset);
    assert_int_equal(little32(at + size - 4), size);
    *block = (struct seen_block){little32(at), at + 8, size - 12};
    *offset += size;
    return true;
}

/* The `index`th value of an option as text in `text`, "" where there is none. `options` of `size`
 * bytes must end well. */
static inline void option_text(const uint8_t *options, size_t size, unsigned code, unsigned index,
                               char text[256])
{
    bool ended = size == 0;

    text[0] = '\0';
    while (size > 0) {
        unsigned type, length;
        size_t padded;

        assert_true(size >= 4);
        type = options[0] | options[1] << 8;
        length = options[2] | options[3] << 8;
        padded = 4 + (length + 3u) / 4 * 4;
        assert_true(padded <= size);
        if (type == code && index-- == 0) {
            assert_true(length < 256);
            memcpy(text, options + 4, length);
            text[length] = '\0';
        }
        ended = type == 0;
        options += padded;
        size -= padded;
    }
    assert_true(ended);
}

struct seen_packet {
    uint32_t interface;
    int64_t at_ns;
    const uint8_t *bytes;
    size_t captured, size;
    char comment[256], second_comment[256];
};

static inline struct seen_packet read_packet(const struct seen_block *block)
{
    const uint8_t *at = block->body;
    struct seen_packet packet = {.interface = little32(at), .bytes = at + 20};
    size_t padded;

    assert_int_equal(block->type, 6);
    packet.at_ns = (int64_t)((uint64_t)little32(at + 4) << 32 | little32(at + 8));
    packet.captured = little32(at + 12);
    packet.size = little32(at + 16);
    padded = (packet.captured + 3) / 4 * 4;
    assert_true(20 + padded <= block->body_size);
    assert_true(packet.captured <= packet.size);
    option_text(at + 20 + padded, block->body_size - 20 - padded, 1, 0, packet.comment);
    option_text(at + 20 + padded, block->body_size - 20 - padded, 1, 1, packet.second_comment);
    return packet;
}

#endif

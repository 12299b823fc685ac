/* Turns one exchange into packets as they would have been seen on the wire: a datagram each way
 * for UDP; for TCP a synthetic handshake, segments with running sequence numbers, and the end of
 * the connection. */
#include "export/capture.h"

#include <inttypes.h>
#include <stdio.h>

#include "export/packet.h"
#include "export/pcapng_block.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct packet packet_of(const struct scene *scene, const struct shot *shot)
{
    enum side to = shot->side == SIDE_PEER ? SIDE_SERVER : SIDE_PEER;

    return (struct packet){
        .from = &scene->ends[shot->side],
        .to = &scene->ends[to],
        .id = scene->capture->ip_id++,
        .payload = shot->payload,
        .stored = shot->stored,
        .size = shot->size,
        .seq = shot->seq,
        .ack = shot->ack,
        .flags = shot->flags,
    };
}

/* Writes the packet, with the gap before it where there is one to be told. */
static int write_packet(const struct scene *scene, const struct shot *shot,
                        const struct packet *packet, const uint8_t *headers, size_t headers_size)
{
    struct capture *capture = scene->capture;
    char gap[CAPTURE_COMMENT_SIZE];
    struct pcapng_packet block = {
        .interface = scene->interface,
        .inbound = shot->side == SIDE_PEER,
        .at_ns = shot->at_ns,
        .headers = headers,
        .headers_size = headers_size,
        .payload = packet->payload,
        .stored = packet->stored,
        .size = packet->size,
        .comments = {shot->comment},
    };

    if (capture_comment_gap(capture, gap))
        block.comments[1] = gap;
    capture->gap_to = 0;
    capture->last_ns = shot->at_ns;
    return pcapng_write_packet(scene->out, &block);
}

int capture_udp(const struct scene *scene, const struct shot *shot)
{
    struct packet packet = packet_of(scene, shot);
    uint8_t headers[PACKET_HEADERS_MAX];
    size_t headers_size;

    packet.size = smaller(packet.size, packet.from->family == AF_INET6 ? PACKET_DATAGRAM_MAX_V6
                                                                       : PACKET_DATAGRAM_MAX_V4);
    packet.stored = smaller(packet.stored, packet.size);
    headers_size = packet_udp_headers(&packet, headers);
    return write_packet(scene, shot, &packet, headers, headers_size);
}

int capture_tcp(const struct scene *scene, const struct shot *shot)
{
    struct packet packet = packet_of(scene, shot);
    uint8_t headers[PACKET_HEADERS_MAX];
    size_t headers_size = packet_tcp_headers(&packet, headers);

    return write_packet(scene, shot, &packet, headers, headers_size);
}

bool capture_comment_gap(const struct capture *capture, char comment[CAPTURE_COMMENT_SIZE])
{
    if (capture->gap_to == 0)
        return false;
    snprintf(comment, CAPTURE_COMMENT_SIZE,
             "messages %" PRIu64 " to %" PRIu64 " are missing before this: %s", capture->gap_from,
             capture->gap_to, capture->gap_reason);
    return true;
}

static void say_stored(char *comment, size_t length, size_t stored, uint64_t size)
{
    if (stored < size)
        snprintf(comment + length, CAPTURE_COMMENT_SIZE - length,
                 ", %zu of %" PRIu64 " bytes recorded", stored, size);
}

void capture_comment_received(const struct sl_record *record, char comment[CAPTURE_COMMENT_SIZE])
{
    const struct sl_exchange *exchange = &record->exchange;
    int length = snprintf(comment, CAPTURE_COMMENT_SIZE, "seq %" PRIu64 " %s", record->seq,
                          sl_outcome_name(exchange->outcome));

    say_stored(comment, (size_t)length, exchange->received_stored, exchange->received_size);
}

void capture_comment_sent(const struct sl_record *record, char comment[CAPTURE_COMMENT_SIZE])
{
    int length = snprintf(comment, CAPTURE_COMMENT_SIZE, "reply to seq %" PRIu64, record->seq);

    say_stored(comment, (size_t)length, record->exchange.sent_stored, record->exchange.sent_size);
}

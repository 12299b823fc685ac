/* Turns one exchange into packets as they would have been seen on the wire: a datagram each way
 * for UDP; for TCP a synthetic handshake, segments with running sequence numbers, and the end of
 * the connection. */
#include "export/capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* The value of a member in JSON of our own making (fault_note.h): its first character and size;
 * NULL where it is not there. */
static const char *find_member(const char *from, const char *end, const char *key, size_t *size)
{
    const char *at = memmem(from, (size_t)(end - from), key, strlen(key));
    const char *stop;

    if (!at)
        return NULL;
    at += strlen(key);
    for (stop = at; stop < end && *stop != '"' && *stop != ',' && *stop != '}'; stop++) {
        if (*stop == '\\' && stop + 1 < end)
            stop++;
    }
    *size = (size_t)(stop - at);
    return at;
}

/* Adds printable characters without their JSON escapes. */
static void comment_add(char *comment, const char *text, size_t size)
{
    size_t length = strlen(comment);

    for (size_t i = 0; i < size && length + 1 < CAPTURE_COMMENT_SIZE; i++) {
        if (text[i] == '\\' && i + 1 < size)
            i++;
        if (text[i] >= ' ' && text[i] <= '~')
            comment[length++] = text[i];
    }
    comment[length] = '\0';
}

/* "; kurose: loss 4/11 seed 7, message 5" for each rule that hit that side. */
static void comment_add_faults(const struct sl_record *record, const char *side, char *comment)
{
    const char *at = sl_record_note(record), *end = at + record->note_size;
    const char *rule, *text, *of, *n;
    size_t rule_size, text_size, side_size, n_size;

    for (; (rule = find_member(at, end, "{\"rule\":\"", &rule_size)); at = n) {
        text = find_member(rule, end, "\"text\":\"", &text_size);
        of = text ? find_member(text, end, "\"side\":\"", &side_size) : NULL;
        n = of ? find_member(of, end, "\"n\":", &n_size) : NULL;
        if (!n)
            return;
        if (side && (side_size != strlen(side) || memcmp(of, side, side_size) != 0))
            continue;
        comment_add(comment, "; ", 2);
        comment_add(comment, rule, rule_size);
        comment_add(comment, ": ", 2);
        comment_add(comment, text, text_size);
        comment_add(comment, ", message ", 10);
        comment_add(comment, n, n_size);
    }
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
    /* Without a reply there is no other packet to say it on. */
    comment_add_faults(record, sl_record_has_reply(record) ? "received" : NULL, comment);
}

void capture_comment_sent(const struct sl_record *record, char comment[CAPTURE_COMMENT_SIZE])
{
    int length = snprintf(comment, CAPTURE_COMMENT_SIZE, "reply to seq %" PRIu64, record->seq);

    say_stored(comment, (size_t)length, record->exchange.sent_stored, record->exchange.sent_size);
    comment_add_faults(record, "sent", comment);
}

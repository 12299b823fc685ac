/* A TCP connection as packets. What the program saw is a stream of bytes in each direction, and the
 * connection's begin and end. Handshake, segments and acknowledgements are made to fit: each
 * segment acknowledges all that came before it in the log, and where nothing is said in return a
 * bare ACK does, so that a reader finds no byte missing, repeated or out of its window. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "export/capture.h"
#include "export/packet.h"

/* Bytes that were counted but not stored are shown as segments without their payload, up to here;
 * what is beyond is a hole in the sequence numbers, of less than half their range. */
#define SEGMENTS_MAX 256
#define HOLE_MAX     (UINT64_C(1) << 30)

struct speech {
    enum side side;
    int64_t at_ns;
    const uint8_t *bytes;
    size_t stored;
    uint64_t size;
    const char *comment;
};

static enum side other(enum side side)
{
    return side == SIDE_PEER ? SIDE_SERVER : SIDE_PEER;
}

/* Sends the shot with the flow's numbers, and moves them on. */
static int send_segment(const struct scene *scene, struct flow *flow, struct shot shot)
{
    shot.seq = flow->seq[shot.side];
    shot.ack = shot.flags & TCP_ACK ? flow->seq[other(shot.side)] : 0;
    flow->seq[shot.side] += (uint32_t)shot.size + ((shot.flags & (TCP_SYN | TCP_FIN)) != 0);
    return capture_tcp(scene, &shot);
}

static int send_flags(const struct scene *scene, struct flow *flow, enum side side, unsigned flags,
                      const char *comment)
{
    return send_segment(scene, flow,
                        (struct shot){.side = side,
                                      .flags = flags,
                                      .at_ns = scene->record->exchange.received_at_ns,
                                      .comment = comment});
}

static int acknowledge(const struct scene *scene, struct flow *flow, enum side side, int64_t at_ns)
{
    return send_segment(scene, flow, (struct shot){.side = side, .flags = TCP_ACK, .at_ns = at_ns});
}

/* One segment from `offset`; the last one is pushed, each other one acknowledged at once. */
static int speak_segment(const struct scene *scene, struct flow *flow, const struct speech *speech,
                         size_t offset, size_t size)
{
    size_t known = speech->stored > offset ? speech->stored - offset : 0;
    bool last = offset + size == speech->size;
    int error = send_segment(scene, flow,
                             (struct shot){
                                 .side = speech->side,
                                 .at_ns = speech->at_ns,
                                 .payload = known > 0 ? speech->bytes + offset : NULL,
                                 .stored = known < size ? known : size,
                                 .size = size,
                                 .comment = offset == 0 ? speech->comment : NULL,
                                 .flags = last ? TCP_ACK | TCP_PSH : TCP_ACK,
                             });

    if (error == 0 && !last)
        error = acknowledge(scene, flow, other(speech->side), speech->at_ns);
    return error;
}

static int speak(const struct scene *scene, struct flow *flow, const struct speech *speech)
{
    uint64_t offset = 0, hole;
    int error = 0;

    for (int i = 0; i < SEGMENTS_MAX && offset < speech->size && error == 0; i++) {
        uint64_t left = speech->size - offset;
        size_t size = left < PACKET_SEGMENT_MAX ? (size_t)left : PACKET_SEGMENT_MAX;

        error = speak_segment(scene, flow, speech, offset, size);
        offset += size;
    }
    hole = speech->size - offset;
    flow->seq[speech->side] += (uint32_t)(hole < HOLE_MAX ? hole : HOLE_MAX);
    return error;
}

static struct flow *begin_flow(const struct scene *scene)
{
    return flows_add(scene->capture->flows, scene->record->exchange.client, scene->record->seq);
}

int conversation_opened(const struct scene *scene)
{
    uint64_t client = scene->record->exchange.client;
    char comment[CAPTURE_COMMENT_SIZE];
    struct flow *flow;
    int error;

    if (flows_find(scene->capture->flows, client) || flows_has_ended(scene->capture->flows, client))
        return 0;
    flow = begin_flow(scene);
    if (!flow)
        return -ENOMEM;
    snprintf(comment, sizeof(comment), "client %llu opened", (unsigned long long)client);
    error = send_flags(scene, flow, SIDE_PEER, TCP_SYN, comment);
    if (error == 0)
        error = send_flags(scene, flow, SIDE_SERVER, TCP_SYN | TCP_ACK, NULL);
    if (error == 0)
        error = send_flags(scene, flow, SIDE_PEER, TCP_ACK, NULL);
    return error;
}

/* Puts the line end behind the message, so that both are in one segment if they fit. */
static int join_line(struct sl_buffer *line, struct speech *speech, const char *line_end)
{
    line->size = 0;
    if (sl_buffer_append(line, speech->bytes, speech->stored) < 0 ||
        sl_buffer_append_text(line, line_end) < 0)
        return -ENOMEM;
    speech->bytes = line->data;
    speech->stored = speech->size = line->size;
    return 0;
}

static int speak_received(const struct scene *scene, struct flow *flow)
{
    const struct sl_record *record = scene->record;
    const char *line_end = sl_line_end_bytes(record->exchange.line_end);
    size_t line_end_size = strlen(line_end);
    char comment[CAPTURE_COMMENT_SIZE];
    struct speech speech = {.side = SIDE_PEER,
                            .at_ns = record->exchange.received_at_ns,
                            .bytes = sl_record_received(record),
                            .stored = record->exchange.received_stored,
                            .size = record->exchange.received_size,
                            .comment = comment};

    capture_comment_received(record, comment);
    if (speech.stored < speech.size) /* cut: nothing behind the cut is shown */
        speech.size += line_end_size;
    else if (line_end_size > 0 && join_line(&scene->capture->line, &speech, line_end) < 0)
        return -ENOMEM;
    return speak(scene, flow, &speech);
}

static int speak_sent(const struct scene *scene, struct flow *flow)
{
    const struct sl_record *record = scene->record;
    char comment[CAPTURE_COMMENT_SIZE];

    capture_comment_sent(record, comment);
    return speak(scene, flow,
                 &(struct speech){.side = SIDE_SERVER,
                                  .at_ns = record->exchange.replied_at_ns,
                                  .bytes = sl_record_sent(record),
                                  .stored = record->exchange.sent_stored,
                                  .size = record->exchange.sent_size,
                                  .comment = comment});
}

int conversation_exchange(const struct scene *scene)
{
    const struct sl_record *record = scene->record;
    struct flow *flow = flows_find(scene->capture->flows, record->exchange.client);
    int error;

    if (!flow)
        flow = begin_flow(scene);
    if (!flow)
        return -ENOMEM;
    error = speak_received(scene, flow);
    if (error != 0)
        return error;
    if (sl_record_has_reply(record) && record->exchange.sent_size > 0)
        return speak_sent(scene, flow);
    if (record->exchange.received_size > 0 || record->exchange.line_end)
        return acknowledge(scene, flow, SIDE_SERVER, record->exchange.received_at_ns);
    return 0;
}

/* Did the peer close its side too? The kernel's last word says, or else what usually comes before
 * such an end. */
static bool peer_has_finished(const struct sl_closing *closing)
{
    if (!closing->tcp.valid)
        return closing->reason == SL_CLOSE_EOF || closing->reason == SL_CLOSE_EXIT ||
               closing->reason == SL_CLOSE_ANSWERED;
    switch (closing->tcp.state) {
    case TCP_CLOSE:
    case TCP_CLOSE_WAIT:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
        return true;
    default:
        return false;
    }
}

/* Who closed first sends the first FIN; the other's is shown where it was seen. */
static int finish(const struct scene *scene, struct flow *flow, const struct sl_closing *closing,
                  const char *comment)
{
    enum side first = closing->closed_by == SL_BY_PEER ? SIDE_PEER : SIDE_SERVER;
    int error;

    if (closing->closed_by == SL_BY_PEER && closing->reason == SL_CLOSE_RESET)
        return send_flags(scene, flow, SIDE_PEER, TCP_RST | TCP_ACK, comment);
    error = send_flags(scene, flow, first, TCP_FIN | TCP_ACK, comment);
    if (error != 0 || (first == SIDE_SERVER && !peer_has_finished(closing)))
        return error;
    error = send_flags(scene, flow, other(first), TCP_FIN | TCP_ACK, NULL);
    if (error == 0)
        error = send_flags(scene, flow, first, TCP_ACK, NULL);
    return error;
}

int conversation_closed(const struct scene *scene)
{
    const struct sl_record *record = scene->record;
    struct flow *flow = flows_find(scene->capture->flows, record->exchange.client);
    char comment[CAPTURE_COMMENT_SIZE];
    struct sl_closing closing;
    int error;

    if (!flow || record->exchange.received_stored < sizeof(closing))
        return 0;
    memcpy(&closing, sl_record_received(record), sizeof(closing));
    snprintf(comment, sizeof(comment), "client %llu closed by %s: %s",
             (unsigned long long)record->exchange.client, sl_closed_by_name(closing.closed_by),
             sl_close_reason_name(closing.reason));
    error = finish(scene, flow, &closing, comment);
    flows_remove(scene->capture->flows, flow);
    return error;
}

/* Writes pcapng, which Wireshark and tshark read: an interface for each listener, and for each
 * TCP connection the state that its sequence numbers need (flows.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/capture.h"
#include "export/format.h"
#include "export/pcapng_block.h"
#include "socklens/service.h"

#define APPLICATION  "socklens " SOCKLENS_VERSION
#define UNKNOWN_NAME "unknown"

static const char about_capture[] =
    "Recorded by socklens on its own sockets, not on a wire. The IP, UDP and TCP headers, the "
    "handshakes and the acknowledgements are synthesised by socklens from what its sockets saw; "
    "times are those at which the program read and wrote. Packets stand in the order of the log: "
    "of "
    "messages read at once, a later request is dated before an earlier reply.";

static const char about_udp[] =
    "Packet headers are synthesised by socklens from what its sockets saw. Where Wireshark takes "
    "the port for another protocol's (12000 for LLC), tell it: -d udp.port==12000,data";

static const char about_tcp[] =
    "Packet headers, handshakes and acknowledgements are synthesised by socklens from what its "
    "sockets saw.";

static const char about_unix[] =
    "A Unix socket: it has no IP, so headers and addresses are synthesised by socklens. Each "
    "client has an address of its own in 127.64.0.0/10.";

static void *new_state(void)
{
    struct capture *capture = calloc(1, sizeof(*capture));

    if (!capture)
        return NULL;
    capture->flows = flows_new();
    if (capture->flows)
        return capture;
    free(capture);
    return NULL;
}

static void free_state(void *state)
{
    struct capture *capture = state;

    flows_free(capture->flows);
    sl_buffer_deinit(&capture->line);
    for (size_t i = 0; i < capture->interface_count; i++)
        free(capture->interfaces[i].name);
    free(capture->interfaces);
    free(capture);
}

static int begin(void *state, struct sl_buffer *out)
{
    (void)state;
    return pcapng_write_section(out, APPLICATION, about_capture);
}

static bool is_stream(uint8_t service)
{
    return service < SL_SERVICE_COUNT && sl_service_get(service)->stream;
}

/* --- interfaces --- */

static int add_interface(struct capture *capture, const char *name, uint8_t service)
{
    struct capture_interface *interfaces =
        reallocarray(capture->interfaces, capture->interface_count + 1, sizeof(*interfaces));
    char *copy;

    if (!interfaces)
        return -ENOMEM;
    capture->interfaces = interfaces;
    copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    interfaces[capture->interface_count++] = (struct capture_interface){copy, service};
    return 0;
}

/* The newest first: runs that are over do not come again. */
static bool find_interface(const struct capture *capture, const char *name, uint8_t service,
                           uint32_t *index)
{
    for (size_t i = capture->interface_count; i-- > 0;) {
        const struct capture_interface *interface = &capture->interfaces[i];

        if (interface->service == service && strcmp(interface->name, name) == 0) {
            *index = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static const char *about_interface(const char *name, uint8_t service)
{
    if (!is_stream(service))
        return about_udp;
    return strncmp(name, "unix:", 5) == 0 ? about_unix : about_tcp;
}

/* UDP and TCP may listen under one name, so the service belongs to the key. */
static int interface_of(struct capture *capture, const char *name, uint8_t service,
                        struct sl_buffer *out, uint32_t *index)
{
    int error;

    if (find_interface(capture, name, service, index))
        return 0;
    error = add_interface(capture, name, service);
    if (error != 0)
        return error;
    *index = (uint32_t)capture->interface_count - 1;
    return pcapng_write_interface(out, name, sl_service_id_name(service),
                                  about_interface(name, service));
}

/* --- records --- */

static bool is_ip(const struct sl_address *address)
{
    return address->family == AF_INET || address->family == AF_INET6;
}

/* No two clients share one, so that no two conversations do. */
static struct sl_address unix_peer(uint64_t client)
{
    uint64_t high = client / 64512;

    return (struct sl_address){
        .family = AF_INET,
        .port = (uint16_t)(1024 + client % 64512),
        .ip = {127, (uint8_t)(64 | (high >> 16 & 63)), (uint8_t)(high >> 8), (uint8_t)high},
    };
}

static void find_ends(struct scene *scene)
{
    const struct sl_record *record = scene->record;
    struct sl_address *peer = &scene->ends[SIDE_PEER], *local = &scene->ends[SIDE_SERVER];

    *peer = record->exchange.peer;
    *local = record->exchange.local;
    if (!is_ip(peer)) {
        *peer = unix_peer(record->exchange.client);
        *local = (struct sl_address){.family = AF_INET, .ip = {127, 0, 0, 1}};
        if (record->exchange.service < SL_SERVICE_COUNT)
            local->port = sl_service_get(record->exchange.service)->default_port;
    } else if (local->family != peer->family) { /* where we were reached is not known */
        *local = (struct sl_address){.family = peer->family, .port = local->port};
    }
}

static int datagram_exchange(const struct scene *scene)
{
    const struct sl_record *record = scene->record;
    char comment[CAPTURE_COMMENT_SIZE];
    int error;

    capture_comment_received(record, comment);
    error = capture_udp(scene, &(struct shot){.side = SIDE_PEER,
                                              .at_ns = record->exchange.received_at_ns,
                                              .payload = sl_record_received(record),
                                              .stored = record->exchange.received_stored,
                                              .size = record->exchange.received_size,
                                              .comment = comment});
    if (error != 0 || !sl_record_has_reply(record))
        return error;
    capture_comment_sent(record, comment);
    return capture_udp(scene, &(struct shot){.side = SIDE_SERVER,
                                             .at_ns = record->exchange.replied_at_ns,
                                             .payload = sl_record_sent(record),
                                             .stored = record->exchange.sent_stored,
                                             .size = record->exchange.sent_size,
                                             .comment = comment});
}

static int write_record(void *state, const struct sl_record *record, const char *listener,
                        struct sl_buffer *out)
{
    struct scene scene = {.capture = state, .record = record, .out = out};
    bool stream = is_stream(record->exchange.service);
    int error;

    if (record->kind != SL_RECORD_EXCHANGE && !stream)
        return 0;
    error = interface_of(scene.capture, listener ? listener : UNKNOWN_NAME,
                         record->exchange.service, out, &scene.interface);
    if (error != 0)
        return error;
    find_ends(&scene);
    switch ((enum sl_record_kind)record->kind) {
    case SL_RECORD_EXCHANGE:
        return stream ? conversation_exchange(&scene) : datagram_exchange(&scene);
    case SL_RECORD_OPENED:
        return conversation_opened(&scene);
    case SL_RECORD_CLOSED:
        return conversation_closed(&scene);
    }
    return 0;
}

/* --- gaps --- */

/* Gaps without a packet between them are told as one. */
static int note_gap(void *state, uint64_t from, uint64_t to, const char *reason,
                    struct sl_buffer *out)
{
    struct capture *capture = state;

    (void)out;
    if (capture->gap_to == 0)
        capture->gap_from = from;
    capture->gap_to = to;
    snprintf(capture->gap_reason, sizeof(capture->gap_reason), "%s", reason);
    return 0;
}

/* A gap that no packet followed. */
static int end(void *state, struct sl_buffer *out)
{
    struct capture *capture = state;
    char comment[CAPTURE_COMMENT_SIZE];
    uint32_t interface = 0;
    int error = 0;

    if (!capture_comment_gap(capture, comment))
        return 0;
    if (capture->interface_count == 0)
        error = interface_of(capture, UNKNOWN_NAME, SL_UDP_UPPER, out, &interface);
    if (error == 0)
        error = pcapng_write_statistics(out, interface, capture->last_ns, comment);
    return error;
}

const struct export_format export_pcapng = {
    .name = "pcapng",
    .extension = "pcapng",
    .content_type = "application/x-pcapng",
    .new_state = new_state,
    .free_state = free_state,
    .begin = begin,
    .record = write_record,
    .gap = note_gap,
    .end = end,
};

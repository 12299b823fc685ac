/*
 * UDP clients with a window of outstanding datagrams.
 *
 * A datagram is eight letters that spell its number, then a fixed text. The reply must be the same
 * in upper case, so that every byte is checked and a reply can be told from any other: lost, late,
 * repeated or foreign ones cannot be taken for an answer.
 *
 * A datagram counts as lost when none of its client's replies has come for PATIENCE_NS, or when
 * so many were sent after it that its place in the ring is needed.
 */
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    NUMBER_LETTERS = 8,
    PATIENCE_NS = 250 * 1000 * 1000,
    DRAIN_NS = 500 * 1000 * 1000,
    RECEIVE_BUFFER_BYTES = 4 << 20,
    GRO_BYTES = 65536,
    GRO_BATCH = 8,
    EVENTS = 64,
};

struct client {
    int fd;
    uint32_t next;        /* number of the next datagram */
    uint32_t outstanding; /* without those given up */
    uint64_t heard_ns;
    uint32_t *pending; /* ring: number + 1 of what is outstanding, else 0 */
};

struct run {
    const struct sl_udp_load *load;
    struct sl_meter *meter;
    struct sl_counts *counts;
    struct client *clients;
    uint32_t ring_mask;
    int epoll_fd;
    char *out;           /* batch datagrams, one after the other */
    char *in;            /* in_count buffers of in_bytes */
    char *expected_tail; /* of every reply, after the number */
    size_t in_count, in_bytes;
    struct mmsghdr out_messages[SL_UDP_BATCH_MAX], in_messages[SL_UDP_BATCH_MAX];
    struct iovec out_parts[SL_UDP_BATCH_MAX], in_parts[SL_UDP_BATCH_MAX];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } controls[SL_UDP_BATCH_MAX];
};

static int failed(const char *what)
{
    int error = errno;

    fprintf(stderr, "sl-load udp: %s: %s\n", what, strerror(error));
    return error ? -error : -EIO;
}

static void number_write(char *letters, uint32_t number)
{
    for (int i = 0; i < NUMBER_LETTERS; i++)
        letters[i] = (char)('a' + ((number >> (4 * i)) & 15));
}

static bool number_read(const char *letters, uint32_t *number)
{
    uint32_t value = 0;

    for (int i = 0; i < NUMBER_LETTERS; i++) {
        uint32_t nibble = (uint32_t)(unsigned char)letters[i] - 'A';

        if (nibble > 15)
            return false;
        value |= nibble << (4 * i);
    }
    *number = value;
    return true;
}

static void text_fill(char *text, size_t size, const char *alphabet)
{
    for (size_t i = 0; i < size; i++)
        text[i] = alphabet[i % 32];
}

/* Sends the batch that was prepared in run->out; returns how many datagrams left, or -1. */
static int batch_send(struct run *run, const struct client *client)
{
    size_t batch = run->load->batch, size = run->load->size;

    if (!run->load->gso)
        return sendmmsg(client->fd, run->out_messages, (unsigned int)batch, 0);
    return send(client->fd, run->out, batch * size, 0) < 0 ? -1 : (int)batch;
}

/* Returns 1 when a batch left, 0 when the socket is full. */
static int client_send(struct run *run, struct client *client)
{
    int sent;

    for (uint32_t i = 0; i < run->load->batch; i++)
        number_write(run->out + i * run->load->size, client->next + i);
    sent = batch_send(run, client);
    if (sent < 0)
        return errno == EAGAIN || errno == ENOBUFS ? 0 : failed("cannot send");
    for (int i = 0; i < sent; i++, client->next++) {
        uint32_t *place = &client->pending[client->next & run->ring_mask];

        if (*place) {
            run->counts->lost++;
            client->outstanding--;
        }
        *place = client->next + 1;
    }
    client->outstanding += (uint32_t)sent;
    run->counts->sent += (uint64_t)sent;
    return 1;
}

static int client_fill_window(struct run *run, struct client *client)
{
    int rc = 1;

    while (rc > 0 && client->outstanding + run->load->batch <= run->load->window)
        rc = client_send(run, client);
    return rc < 0 ? rc : 0;
}

static void reply_check(struct run *run, struct client *client, const char *reply, size_t size)
{
    uint32_t number, *place;

    if (size != run->load->size || !number_read(reply, &number) ||
        memcmp(reply + NUMBER_LETTERS, run->expected_tail, size - NUMBER_LETTERS) != 0 ||
        client->next - number - 1 > UINT32_MAX / 2) {
        run->counts->wrong++;
        return;
    }
    place = &client->pending[number & run->ring_mask];
    if (*place != number + 1) {
        run->counts->late++;
        return;
    }
    *place = 0;
    client->outstanding--;
    run->counts->exchanges++;
}

/* Returns the size of the datagrams that the kernel joined into this one, or its own size. */
static size_t segment_size(struct msghdr *message, size_t received)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int size;

            memcpy(&size, CMSG_DATA(c), sizeof(size));
            return (size_t)size;
        }
    }
    return received;
}

static void message_check(struct run *run, struct client *client, size_t i)
{
    struct mmsghdr *message = &run->in_messages[i];
    const char *bytes = run->in_parts[i].iov_base;
    size_t left = message->msg_len, segment = segment_size(&message->msg_hdr, left);

    if (left == 0 || segment == 0 || (message->msg_hdr.msg_flags & MSG_TRUNC)) {
        run->counts->wrong++;
        return;
    }
    while (left > 0) {
        size_t size = left < segment ? left : segment;

        reply_check(run, client, bytes, size);
        bytes += size;
        left -= size;
    }
}

static int client_receive(struct run *run, struct client *client)
{
    int received;

    do {
        for (size_t i = 0; run->load->gro && i < run->in_count; i++)
            run->in_messages[i].msg_hdr.msg_controllen = sizeof(run->controls[i]);
        received =
            recvmmsg(client->fd, run->in_messages, (unsigned int)run->in_count, MSG_DONTWAIT, NULL);
        if (received < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : failed("cannot receive");
        client->heard_ns = run->meter->now_ns;
        for (int i = 0; i < received; i++)
            message_check(run, client, (size_t)i);
    } while ((size_t)received == run->in_count);
    return 0;
}

static void client_give_up(struct run *run, struct client *client)
{
    run->counts->lost += client->outstanding;
    client->outstanding = 0;
    memset(client->pending, 0, (run->ring_mask + 1) * sizeof(*client->pending));
}

static int clients_wake(struct run *run)
{
    for (size_t i = 0; i < run->load->sockets; i++) {
        struct client *client = &run->clients[i];
        int rc;

        if (run->meter->now_ns - client->heard_ns < PATIENCE_NS)
            continue;
        client_give_up(run, client);
        client->heard_ns = run->meter->now_ns;
        rc = client_fill_window(run, client);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Answers what is readable within timeout_ms; sends again only while `sending`. */
static int clients_serve(struct run *run, int timeout_ms, bool sending)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(run->epoll_fd, events, EVENTS, timeout_ms);

    for (int i = 0; i < ready; i++) {
        int rc = client_receive(run, events[i].data.ptr);

        if (rc == 0 && sending)
            rc = client_fill_window(run, events[i].data.ptr);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static uint64_t outstanding(const struct run *run)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < run->load->sockets; i++)
        sum += run->clients[i].outstanding;
    return sum;
}

static int clients_drain(struct run *run)
{
    uint64_t begin_ns = sl_clock_ns(CLOCK_MONOTONIC);
    int rc = 0;

    while (rc == 0 && outstanding(run) && sl_clock_ns(CLOCK_MONOTONIC) - begin_ns < DRAIN_NS)
        rc = clients_serve(run, 20, false);
    for (size_t i = 0; i < run->load->sockets; i++)
        client_give_up(run, &run->clients[i]);
    return rc;
}

static int clients_run(struct run *run)
{
    uint64_t looked_ns = 0;
    int rc = 0;

    while (rc == 0 && sl_meter_tick(run->meter, run->counts->exchanges)) {
        if (run->meter->now_ns - looked_ns > PATIENCE_NS / 4) {
            looked_ns = run->meter->now_ns;
            rc = clients_wake(run);
        }
        if (rc == 0)
            rc = clients_serve(run, 50, true);
    }
    return rc < 0 ? rc : clients_drain(run);
}

static int client_open(struct run *run, struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    const struct sl_udp_load *load = run->load;
    int segment = (int)load->size, bytes = RECEIVE_BUFFER_BYTES, on = 1;

    client->pending = calloc(run->ring_mask + 1, sizeof(*client->pending));
    if (!client->pending)
        return failed("no memory");
    client->fd =
        socket(load->target.address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        return failed("no socket");
    setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (load->gso &&
        setsockopt(client->fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
        return failed("no UDP_SEGMENT");
    if (load->gro && setsockopt(client->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) < 0)
        return failed("no UDP_GRO");
    if (connect(client->fd, (const struct sockaddr *)&load->target.address, load->target.length) <
        0)
        return failed("cannot connect");
    if (epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
        return failed("cannot watch");
    return 0;
}

static int buffers_make(struct run *run)
{
    const struct sl_udp_load *load = run->load;
    char *tail = malloc(load->size);

    run->in_count = load->gro ? GRO_BATCH : SL_UDP_BATCH_MAX;
    run->in_bytes = load->gro ? GRO_BYTES : load->size + 64; /* to see replies that are too long */
    run->out = malloc(load->batch * load->size);
    run->in = malloc(run->in_count * run->in_bytes);
    run->expected_tail = tail;
    if (!tail || !run->out || !run->in)
        return failed("no memory");
    text_fill(tail, load->size - NUMBER_LETTERS, "THE QUICK BROWN FOX, 12 DOGS; Z.");
    for (size_t i = 0; i < load->batch; i++) {
        text_fill(run->out + i * load->size + NUMBER_LETTERS, load->size - NUMBER_LETTERS,
                  "the quick brown fox, 12 dogs; z.");
        run->out_parts[i] = (struct iovec){run->out + i * load->size, load->size};
        run->out_messages[i].msg_hdr.msg_iov = &run->out_parts[i];
        run->out_messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (size_t i = 0; i < run->in_count; i++) {
        run->in_parts[i] = (struct iovec){run->in + i * run->in_bytes, run->in_bytes};
        run->in_messages[i].msg_hdr.msg_iov = &run->in_parts[i];
        run->in_messages[i].msg_hdr.msg_iovlen = 1;
        run->in_messages[i].msg_hdr.msg_control = load->gro ? &run->controls[i] : NULL;
    }
    return 0;
}

static int run_make(struct run *run)
{
    int rc = buffers_make(run);

    while (run->ring_mask + 1 < 4 * run->load->window)
        run->ring_mask = run->ring_mask * 2 + 1;
    run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    run->clients = calloc(run->load->sockets, sizeof(*run->clients));
    if (rc == 0 && (run->epoll_fd < 0 || !run->clients))
        rc = failed("cannot begin");
    for (size_t i = 0; run->clients && i < run->load->sockets; i++)
        run->clients[i].fd = -1;
    for (size_t i = 0; rc == 0 && i < run->load->sockets; i++)
        rc = client_open(run, &run->clients[i]);
    return rc;
}

static void run_release(struct run *run)
{
    for (size_t i = 0; run->clients && i < run->load->sockets; i++) {
        if (run->clients[i].fd >= 0)
            close(run->clients[i].fd);
        free(run->clients[i].pending);
    }
    if (run->epoll_fd >= 0)
        close(run->epoll_fd);
    free(run->clients);
    free(run->out);
    free(run->in);
    free(run->expected_tail);
    free(run);
}

int sl_udp_load_run(const struct sl_udp_load *load, struct sl_meter *meter,
                    struct sl_counts *counts)
{
    struct run *run = calloc(1, sizeof(*run));
    int rc;

    if (!run)
        return failed("no memory");
    run->load = load;
    run->meter = meter;
    run->counts = counts;
    run->epoll_fd = -1;
    rc = run_make(run);
    if (rc == 0)
        rc = clients_run(run);
    run_release(run);
    return rc;
}

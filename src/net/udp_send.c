/* Sending a batch's replies, joined where possible.
 *
 * Most of what a UDP exchange costs is the reply's way through the kernel's network stack, which is
 * paid once for each send. With UDP_SEGMENT (udp(7), Linux 4.18) one send carries up to 64
 * datagrams of one size to one peer, of which the last may be shorter. So replies to the same
 * client are gathered into groups of one send each, and all groups leave in one sendmmsg(2). What
 * must hold:
 *
 *   - Each client gets its replies in the order of its datagrams. A reply joins only the newest
 *     group of its client; where it does not fit there it begins another, and groups are sent in
 *     order.
 *   - A peer sees no difference: datagrams are as they would be, one by one. Replies that might not
 *     fit the path's MTU are not joined, since the kernel refuses segments that would have to be
 *     fragmented.
 *   - Where the kernel refuses a joined send, its datagrams are sent one by one; where it refuses
 *     segments as such, the socket joins no more. */
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "net/udp.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* <linux/udp.h>, since Linux 4.18 */
#endif

#define GROUPS_MAX 512u
#define SLOTS      256u /* a power of two */

/* Larger ones might not fit the path's MTU, without which no send can be joined. */
#define JOINED_SIZE_MAX 1400u

#define SEND_WAIT_MS 10

struct group {
    const struct sl_udp_message *message; /* whom it goes to */
    uint32_t size;                        /* of each reply but the last */
    uint32_t total;
    uint16_t count, first, last;
    bool closed; /* a shorter reply was the last */
};

struct sl_udp_sender {
    struct group groups[GROUPS_MAX];
    size_t group_count;
    uint16_t newest[SLOTS]; /* by client: index + 1 of a group, to be checked; 0: none */
    struct mmsghdr headers[GROUPS_MAX];
    struct iovec vectors[SL_UDP_ITEMS];
    uint8_t control[GROUPS_MAX][CMSG_SPACE(sizeof(struct in6_pktinfo)) +
                                CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(8)));
};

struct sl_udp_sender *sl_udp_sender_new(void)
{
    return calloc(1, sizeof(struct sl_udp_sender));
}

void sl_udp_sender_free(struct sl_udp_sender *sender)
{
    free(sender);
}

static size_t slot_of(const struct sl_client *client)
{
    return ((uintptr_t)client * UINT64_C(0x9e3779b97f4a7c15)) >> 56 & (SLOTS - 1);
}

static bool group_takes(const struct group *group, const struct sl_udp_item *item,
                        const struct sl_udp_message *message)
{
    /* A reply that was held may have outlived its client. */
    return group->message->client == message->client &&
           (message->client || group->message == message) && !group->closed &&
           item->reply_size > 0 && item->reply_size <= group->size &&
           group->size <= JOINED_SIZE_MAX && group->count < SL_UDP_SEGMENTS_MAX &&
           group->total + item->reply_size <= SL_UDP_REPLY_MAX;
}

/* Adds a reply to its client's newest group, or begins another. */
static void sender_add(struct sl_udp_sender *sender, struct sl_udp_batch *batch, uint16_t index)
{
    struct sl_udp_item *item = &batch->items[index];
    const struct sl_udp_message *message = &batch->messages[item->message];
    size_t slot = slot_of(message->client);
    struct group *group = sender->newest[slot] ? &sender->groups[sender->newest[slot] - 1] : NULL;

    if (batch->socket->segment && group && group_takes(group, item, message)) {
        batch->items[group->last].next = index;
        group->last = index;
        group->count++;
        group->total += item->reply_size;
        group->closed = item->reply_size < group->size;
        return;
    }
    sender->groups[sender->group_count++] = (struct group){.message = message,
                                                           .size = item->reply_size,
                                                           .total = item->reply_size,
                                                           .count = 1,
                                                           .first = index,
                                                           .last = index};
    sender->newest[slot] = (uint16_t)sender->group_count;
}

/* The replies of a group as an iovec; neighbours in memory become one. Returns their number. */
static size_t group_gather(const struct sl_udp_batch *batch, const struct group *group,
                           struct iovec *vectors)
{
    size_t count = 0;

    for (uint16_t i = group->first; i != SL_UDP_NO_ITEM; i = batch->items[i].next) {
        const struct sl_udp_item *item = &batch->items[i];
        uint8_t *bytes = batch->replies.data + item->reply_offset;
        struct iovec *last = count > 0 ? &vectors[count - 1] : NULL;

        if (last && (uint8_t *)last->iov_base + last->iov_len == bytes)
            last->iov_len += item->reply_size;
        else
            vectors[count++] = (struct iovec){.iov_base = bytes, .iov_len = item->reply_size};
    }
    return count;
}

static void header_put_control(struct msghdr *header, int level, int type, const void *data,
                               size_t size)
{
    struct cmsghdr *control =
        (struct cmsghdr *)(void *)((uint8_t *)header->msg_control + header->msg_controllen);

    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(control), data, size);
    header->msg_controllen += CMSG_SPACE(size);
}

/* A wildcard listener answers from the address that was asked. */
static void header_put_source(struct msghdr *header, const struct sl_address *local)
{
    if (local->family == AF_INET6) {
        struct in6_pktinfo info = {.ipi6_ifindex = local->scope_id};

        memcpy(&info.ipi6_addr, local->ip, 16);
        header_put_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    } else {
        struct in_pktinfo info = {0};

        memcpy(&info.ipi_spec_dst, local->ip, 4);
        header_put_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    }
}

static void header_init(struct msghdr *header, const struct sl_udp_batch *batch,
                        const struct sl_udp_message *message, uint8_t *control)
{
    *header = (struct msghdr){
        .msg_name = (void *)(uintptr_t)&message->name,
        .msg_namelen = message->name_size,
        .msg_control = control,
    };
    if (batch->socket->wildcard)
        header_put_source(header, &message->local);
}

static void sender_build_headers(struct sl_udp_sender *sender, const struct sl_udp_batch *batch)
{
    size_t used = 0;

    for (size_t i = 0; i < sender->group_count; i++) {
        const struct group *group = &sender->groups[i];
        struct msghdr *header = &sender->headers[i].msg_hdr;
        uint16_t size = (uint16_t)group->size;

        header_init(header, batch, group->message, sender->control[i]);
        header->msg_iov = &sender->vectors[used];
        header->msg_iovlen = group_gather(batch, group, header->msg_iov);
        used += header->msg_iovlen;
        if (group->count > 1)
            header_put_control(header, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
        if (header->msg_controllen == 0)
            header->msg_control = NULL;
    }
}

static void sender_send_singly(struct sl_udp_sender *sender, struct sl_udp_batch *batch,
                               const struct group *group)
{
    for (uint16_t i = group->first; i != SL_UDP_NO_ITEM; i = batch->items[i].next) {
        struct sl_udp_item *item = &batch->items[i];
        struct iovec vector = {.iov_base = batch->replies.data + item->reply_offset,
                               .iov_len = item->reply_size};
        struct msghdr header;

        header_init(&header, batch, group->message, sender->control[0]);
        header.msg_iov = &vector;
        header.msg_iovlen = 1;
        if (sendmsg(batch->socket->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            item->outcome = SL_SEND_FAILED;
    }
}

/* The kernel took nothing of this group: `error` says whether to wait, to give up or to send its
 * datagrams one by one. */
static void sender_resend(struct sl_udp_sender *sender, struct sl_udp_batch *batch, size_t index,
                          int error)
{
    const struct group *group = &sender->groups[index];

    if (error == EAGAIN) {
        struct pollfd ready = {.fd = batch->socket->fd, .events = POLLOUT};

        poll(&ready, 1, SEND_WAIT_MS);
    } else if (group->count == 1) {
        batch->items[group->first].outcome = SL_SEND_FAILED;
        return;
    } else if (error == EIO || error == EINVAL || error == EOPNOTSUPP) {
        batch->socket->segment = false; /* this socket's device cannot: do not ask again */
    }
    sender_send_singly(sender, batch, group);
}

static void sender_flush(struct sl_udp_sender *sender, struct sl_udp_batch *batch)
{
    size_t sent = 0;

    sender_build_headers(sender, batch);
    while (sent < sender->group_count) {
        int count = sendmmsg(batch->socket->fd, sender->headers + sent,
                             (unsigned)(sender->group_count - sent), MSG_DONTWAIT | MSG_NOSIGNAL);

        if (count > 0)
            sent += (size_t)count;
        else if (errno != EINTR)
            sender_resend(sender, batch, sent++, errno);
    }
    for (size_t i = 0; i < sender->group_count; i++)
        sender->newest[slot_of(sender->groups[i].message->client)] = 0;
    sender->group_count = 0;
}

void sl_udp_send(struct sl_udp_sender *sender, struct sl_udp_batch *batch)
{
    for (size_t i = 0; i < batch->item_count; i++) {
        if (batch->items[i].outcome != SL_REPLIED)
            continue;
        sender_add(sender, batch, (uint16_t)i);
        if (sender->group_count == GROUPS_MAX)
            sender_flush(sender, batch);
    }
    if (sender->group_count > 0)
        sender_flush(sender, batch);
}

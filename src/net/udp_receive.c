/* Receiving a batch: one recvmmsg(2), whose messages are taken apart again where the kernel has
 * joined datagrams of one peer (UDP_GRO).
 *
 * Any datagram may be as large as 64 KiB and most are small, so each slot has room for the largest,
 * in memory that is not backed by pages until it is written to. Only the headers that the last call
 * used are set anew. */
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "net/udp.h"

#ifndef UDP_GRO
#define UDP_GRO 104 /* <linux/udp.h>, since Linux 5.0 */
#endif

/* Not a multiple of 4096: small datagrams at equal page offsets would share one cache set. */
#define BUFFER_STRIDE (SL_UDP_BUFFER_SIZE + 5 * 64)

int sl_udp_receiver_init(struct sl_udp_receiver *receiver)
{
    /* Pages that only large datagrams need are never touched by small ones. */
    receiver->buffers = malloc(SL_UDP_BATCH * BUFFER_STRIDE);
    receiver->used = SL_UDP_BATCH;
    return receiver->buffers ? 0 : -ENOMEM;
}

void sl_udp_receiver_deinit(struct sl_udp_receiver *receiver)
{
    free(receiver->buffers);
}

/* Sets what the kernel has written to since. */
static void receiver_prepare(struct sl_udp_receiver *receiver, struct sl_udp_batch *batch)
{
    for (size_t i = 0; i < receiver->used; i++) {
        receiver->vectors[i] = (struct iovec){.iov_base = receiver->buffers + i * BUFFER_STRIDE,
                                              .iov_len = SL_UDP_BUFFER_SIZE};
        receiver->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->messages[i].name,
            .msg_namelen = sizeof(batch->messages[i].name),
            .msg_iov = &receiver->vectors[i],
            .msg_iovlen = 1,
            .msg_control = receiver->control[i],
            .msg_controllen = sizeof(receiver->control[i]),
        };
    }
}

static struct sl_address address_from_packet_info(const struct cmsghdr *control, uint16_t port)
{
    struct sl_address address = {.port = port};

    if (control->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;

        memcpy(&info, CMSG_DATA(control), sizeof(info));
        address.family = AF_INET;
        /* What the datagram's header says; for a broadcast not the same as ipi_spec_dst. */
        memcpy(address.ip, &info.ipi_addr, 4);
        if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
            memset(address.ip, 0xff, 4); /* not one host's address: shown as a broadcast */
    } else {
        struct in6_pktinfo info;

        memcpy(&info, CMSG_DATA(control), sizeof(info));
        address.family = AF_INET6;
        memcpy(address.ip, &info.ipi6_addr, 16);
        if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
            address.scope_id = info.ipi6_ifindex;
    }
    return address;
}

static void message_read_control(struct msghdr *header, const struct sl_socket *socket,
                                 struct sl_udp_message *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)) {
            message->local = address_from_packet_info(c, socket->address.port);
        } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int size;

            memcpy(&size, CMSG_DATA(c), sizeof(size));
            if (size > 0)
                message->segment_size = (uint32_t)size;
        }
    }
}

static void batch_add_item(struct sl_udp_batch *batch, size_t message, const uint8_t *bytes,
                           uint32_t size)
{
    batch->items[batch->item_count++] = (struct sl_udp_item){
        .bytes = bytes, .size = size, .message = (uint16_t)message, .next = SL_UDP_NO_ITEM};
}

/* Takes apart again what the kernel joined. An empty datagram is one too. */
static void batch_add_items(struct sl_udp_batch *batch, size_t index)
{
    const struct sl_udp_message *message = &batch->messages[index];
    const uint8_t *bytes = message->bytes;
    uint32_t left = message->size;

    while (left > message->segment_size && batch->item_count < SL_UDP_ITEMS - SL_UDP_BATCH) {
        batch_add_item(batch, index, bytes, message->segment_size);
        bytes += message->segment_size;
        left -= message->segment_size;
    }
    batch_add_item(batch, index, bytes, left);
}

size_t sl_udp_receive(struct sl_udp_receiver *receiver, struct sl_udp_batch *batch)
{
    int count;

    batch->item_count = 0;
    batch->message_count = 0;
    receiver_prepare(receiver, batch);
    count = recvmmsg(batch->socket->fd, receiver->headers, SL_UDP_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        struct msghdr *header = &receiver->headers[i].msg_hdr;
        struct sl_udp_message *message = &batch->messages[i];

        message->bytes = header->msg_iov->iov_base;
        message->size = receiver->headers[i].msg_len;
        message->segment_size = message->size;
        message->name_size = header->msg_namelen;
        message->peer =
            sl_address_from_sockaddr((struct sockaddr *)&message->name, message->name_size);
        message->local = batch->socket->address;
        message_read_control(header, batch->socket, message);
        batch_add_items(batch, (size_t)i);
    }
    batch->message_count = count > 0 ? (size_t)count : 0;
    receiver->used = batch->message_count;
    return batch->message_count;
}

/* SO_RXQ_OVFL has the same count, but comes with the next datagram that is received: what was
 * dropped at the end of a burst would not show until somebody sends again. */
uint32_t sl_udp_drops(struct sl_socket *socket)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof(info);
    uint32_t drops;

    if (getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0)
        return 0;
    drops = info[SK_MEMINFO_DROPS] - socket->drops_seen;
    socket->drops_seen = info[SK_MEMINFO_DROPS];
    return drops;
}

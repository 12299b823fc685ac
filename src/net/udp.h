/* Inside the UDP worker: one batch, from what recvmmsg(2) gave (udp_receive.c) to what sendmmsg(2)
 * took (udp_send.c). */
#ifndef SOCKLENS_NET_UDP_H
#define SOCKLENS_NET_UDP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/net.h"
#include "socklens/rate_limit.h"

#define SL_UDP_BATCH        64u  /* messages in one recvmmsg */
#define SL_UDP_JOINED_MAX   128u /* datagrams in each: what the kernel joins (UDP_GRO) */
#define SL_UDP_ITEMS        (SL_UDP_BATCH * (SL_UDP_JOINED_MAX + 1))
#define SL_UDP_SEGMENTS_MAX 64u    /* datagrams a send may carry (UDP_SEGMENT), on any kernel */
#define SL_UDP_REPLY_MAX    65507u /* 65535 less IPv4 and UDP headers */
#define SL_UDP_BUFFER_SIZE  65536u

/* What one recvmmsg slot holds: one datagram, or several of one peer that the kernel joined. */
struct sl_udp_message {
    struct sockaddr_storage name;
    socklen_t name_size;
    struct sl_address peer, local;
    const uint8_t *bytes;
    uint32_t size;
    uint32_t segment_size; /* each but the last has this size */
    struct sl_client *client;
};

/* One datagram. */
struct sl_udp_item {
    const uint8_t *bytes;
    uint32_t size;
    uint16_t message;
    uint8_t outcome;
    uint32_t reply_offset, reply_size; /* in the batch's replies */
    uint16_t next;                     /* in its group; SL_UDP_NO_ITEM ends it */
};

#define SL_UDP_NO_ITEM UINT16_MAX

struct sl_udp_batch {
    struct sl_socket *socket;
    struct sl_udp_message messages[SL_UDP_BATCH];
    size_t message_count;
    struct sl_udp_item items[SL_UDP_ITEMS];
    size_t item_count;
    struct sl_buffer replies;
};

struct sl_udp_receiver {
    uint8_t *buffers;
    size_t used; /* slots that the last call has filled */
    struct mmsghdr headers[SL_UDP_BATCH];
    struct iovec vectors[SL_UDP_BATCH];
    uint8_t control[SL_UDP_BATCH][256];
};

int sl_udp_receiver_init(struct sl_udp_receiver *receiver);
void sl_udp_receiver_deinit(struct sl_udp_receiver *receiver);

/* Fills the batch's messages and items from its socket. Returns the number of messages, 0 where
 * nothing was there. */
size_t sl_udp_receive(struct sl_udp_receiver *receiver, struct sl_udp_batch *batch);

/* How many datagrams the kernel has thrown away since the last call. */
uint32_t sl_udp_drops(struct sl_socket *socket);

struct sl_udp_sender;

struct sl_udp_sender *sl_udp_sender_new(void);
void sl_udp_sender_free(struct sl_udp_sender *sender);

/* Sends the reply of every item whose outcome is SL_REPLIED, in order for each client, joined where
 * possible. Items that the kernel refused get SL_SEND_FAILED. */
void sl_udp_send(struct sl_udp_sender *sender, struct sl_udp_batch *batch);

#endif

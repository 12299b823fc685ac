/* Inside the UDP worker: one batch, from what recvmmsg(2) gave to what sendmmsg(2) took. */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/net.h"
#include "socklens/rate_limit.h"

#define UDP_BATCH        64u  /* messages a recvmmsg */
#define UDP_JOINED_MAX   128u /* datagrams in each: what the kernel joins (UDP_GRO) */
#define UDP_ITEMS        (UDP_BATCH * (UDP_JOINED_MAX + 1))
#define UDP_SEGMENTS_MAX 64u    /* datagrams a send may carry (UDP_SEGMENT), on any kernel */
#define UDP_REPLY_MAX    65507u /* 65535 less IPv4 and UDP headers */
#define UDP_BUFFER_SIZE  65536u

/* What one recvmmsg slot holds: one datagram, or several of one peer that the kernel joined. */
struct udp_message {
    struct sockaddr_storage name;
    socklen_t name_size;
    struct sl_address peer, local;
    const uint8_t *bytes;
    uint32_t size;
    uint32_t segment_size; /* each but the last has this size */
    struct sl_client *client;
};

/* One datagram. */
struct udp_item {
    const uint8_t *bytes;
    uint32_t size;
    uint16_t message;
    uint8_t outcome;
    uint32_t reply_offset, reply_size; /* in the batch's replies */
    uint16_t next;                     /* in its group; UDP_NO_ITEM ends it */
};

#define UDP_NO_ITEM UINT16_MAX

struct udp_batch {
    struct sl_socket *socket;
    struct udp_message messages[UDP_BATCH];
    size_t message_count;
    struct udp_item items[UDP_ITEMS];
    size_t item_count;
    struct sl_buffer replies;
};

struct udp_receiver {
    uint8_t *buffers;
    size_t used; /* slots that the last call has filled */
    struct mmsghdr headers[UDP_BATCH];
    struct iovec vectors[UDP_BATCH];
    uint8_t control[UDP_BATCH][256];
};

int udp_receiver_init(struct udp_receiver *receiver);
void udp_receiver_deinit(struct udp_receiver *receiver);

/* Fills the batch's messages and items from its socket. Returns the number of messages, 0 where
 * nothing was there. */
size_t udp_receive(struct udp_receiver *receiver, struct udp_batch *batch);

/* How many datagrams the kernel has thrown away since the last call. */
uint32_t udp_drops(struct sl_socket *socket);

struct udp_sender;

struct udp_sender *udp_sender_new(void);
void udp_sender_free(struct udp_sender *sender);

/* Sends the reply of every item whose outcome is SL_REPLIED, in order for each client, joined where
 * possible. Items that the kernel refused get SL_SEND_FAILED. */
void udp_send(struct udp_sender *sender, struct udp_batch *batch);

#endif

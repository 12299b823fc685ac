/* What the worker joins, and what the kernel joined for it: order and completeness for every
 * client. A socket takes datagrams from when it is bound, so what is sent before the start comes as
 * whole batches afterwards. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving_fixture.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define LARGEST 65507u

/* One client and the replies that it waits for, in order. */
struct client {
    int fd;
    struct sl_buffer expected;
    size_t sizes[2048];
    size_t count;
    size_t joined; /* of the replies, those that came in one piece with others */
    uint64_t random;
};

static struct client new_client(const struct sl_address *to, uint64_t number)
{
    return (struct client){.fd = connect_datagram(NULL, to), .random = number + 1};
}

static void free_client(struct client *client)
{
    close(client->fd);
    sl_buffer_deinit(&client->expected);
}

static void expect_later(struct client *client, const uint8_t *text, size_t size)
{
    uint8_t *upper = sl_buffer_reserve(&client->expected, size);
    for (size_t i = 0; i < size; i++)
        upper[i] = text[i] >= 'a' && text[i] <= 'z' ? (uint8_t)(text[i] - 32) : text[i];
    client->expected.size += size;
    assert_true(client->count < COUNT_OF(client->sizes));
    client->sizes[client->count++] = size;
}

/* Text that nobody else sends, as it is drawn from the client's own numbers. */
static void fill(struct client *client, uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text[i] = (uint8_t)(' ' + next_random(&client->random) % 95);
}

static void send_one(struct client *client, size_t size)
{
    uint8_t *text = malloc(size + 1);
    fill(client, text, size);
    send_bytes(client->fd, text, size);
    expect_later(client, text, size);
    free(text);
}

static void take(struct client *client, size_t *place, const uint8_t *bytes, size_t size)
{
    assert_true(*place < client->count);
    assert_bytes_equal(bytes, size, client->expected.data, client->sizes[*place]);
    sl_buffer_consume(&client->expected, size);
    (*place)++;
}

/* The size of the datagrams in what was received; 0 where it is one. */
static size_t joined_size(struct msghdr *header)
{
    int size = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
            memcpy(&size, CMSG_DATA(c), sizeof(size));
    }
    return (size_t)size;
}

/* One recvmsg, taken apart if the kernel joined something. */
static void receive_some(struct client *client, size_t *place)
{
    static uint8_t bytes[65536];
    uint8_t control[128];
    struct iovec vector = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(client->fd, &header, 0);
    if (size < 0)
        fail_msg("reply %zu of %zu did not come: %s", *place, client->count, strerror(errno));
    size_t each = joined_size(&header), left = (size_t)size, at = 0;
    if (each == 0)
        each = left;
    client->joined += each < left ? (left + each - 1) / each : 0;
    do {
        size_t one = left < each ? left : each;
        take(client, place, bytes + at, one);
        at += one;
        left -= one;
    } while (left > 0);
}

static void receive_all(struct client *client)
{
    size_t place = 0;
    while (place < client->count)
        receive_some(client, &place);
    char byte;
    assert_int_equal(recv(client->fd, &byte, 1, MSG_DONTWAIT), -1);
    client->count = 0;
}

static bool join_at_receiver(const struct client *client)
{
    int on = 1, size = 4 << 20;
    setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return setsockopt(client->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == 0;
}

/* As many datagrams of `size` as `total` bytes have, in one send. False where the kernel cannot. */
static bool send_joined(struct client *client, size_t size, const uint8_t *text, size_t total)
{
    uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct iovec vector = {.iov_base = (void *)(uintptr_t)text, .iov_len = total};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    uint16_t segment = (uint16_t)size;
    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(segment));
    memcpy(CMSG_DATA(c), &segment, sizeof(segment));
    if (sendmsg(client->fd, &header, 0) != (ssize_t)total)
        return false;
    for (size_t at = 0; at < total; at += size)
        expect_later(client, text + at, total - at < size ? total - at : size);
    return true;
}

static bool send_segments(struct client *client, size_t size, size_t total)
{
    uint8_t *text = malloc(total);
    fill(client, text, total);
    bool sent = send_joined(client, size, text, total);
    free(text);
    return sent;
}

/* Every exchange of the journal is a reply. */
static void assert_all_replied(uint64_t count)
{
    serving_wait_exchanges(&serving, count);
    for (uint64_t seq = 1; seq <= count; seq++) {
        const struct sl_record *record = serving_exchange(&serving, seq);
        assert_int_equal(record->exchange.outcome, SL_REPLIED);
        assert_int_equal(record->exchange.received_size, record->exchange.sent_size);
    }
}

#define CLIENTS 40

static size_t any_size(uint64_t *random)
{
    static const size_t common[] = {0, 1, 100, 100, 100, 512, 1400, 1401};
    uint64_t number = next_random(random);
    return number % 3 ? common[number / 3 % COUNT_OF(common)] : number / 3 % 2000;
}

SERVING_TEST(nobody_loses_a_reply_or_gets_anothers)
{
    serve_later(SL_UDP_UPPER, NULL);
    struct client *clients = calloc(CLIENTS, sizeof(*clients));
    uint64_t random = 11, sent = 0;
    for (uint64_t i = 0; i < CLIENTS; i++)
        clients[i] = new_client(&address, i);
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 150; i++, sent++) {
            /* Some talk much, in runs, most a little. */
            struct client *client = &clients[next_random(&random) % (i % 3 ? 4 : CLIENTS)];
            send_one(client, any_size(&random));
        }
        if (round == 0)
            serving_start(&serving);
        for (size_t i = 0; i < CLIENTS; i++)
            receive_all(&clients[i]);
    }
    assert_all_replied(sent);
    for (size_t i = 0; i < CLIENTS; i++)
        free_client(&clients[i]);
    free(clients);
}

/* Sends them before the start, so that they are one batch. */
static void assert_answered_in_order(const size_t *sizes, size_t count, bool wildcard)
{
    serve_later_at(wildcard ? "0.0.0.0:0" : "127.0.0.1:0", SL_UDP_UPPER, NULL);
    address.ip[0] = 127;
    address.ip[3] = wildcard ? 5 : 1;
    struct client client = new_client(&address, 5);
    for (size_t i = 0; i < count; i++)
        send_one(&client, sizes[i]);
    serving_start(&serving);
    receive_all(&client);
    assert_all_replied(count);
    free_client(&client);
}

SERVING_TEST(replies_of_any_sizes_keep_their_order)
{
    static const size_t cases[][8] = {
        {100, 100, 100, 100, 100, 100, 100, 100}, /* one group */
        {100, 100, 50, 100, 100, 50, 50, 20},     /* a shorter one ends a group */
        {10, 20, 30, 40, 50, 60, 70, 80},         /* a longer one begins one */
        {80, 70, 60, 50, 40, 30, 20, 10},
        {0, 0, 0, 0, 0, 0, 0, 0}, /* empty ones cannot be joined */
        {100, 0, 100, 0, 100, 100, 0, 0},
        {1400, 1400, 1401, 1400, 1401, 1401, 1400, 1},
        {20000, 20000, 20000, 20000, 1, 1, 20000, 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_answered_in_order(cases[i], COUNT_OF(cases[i]), false);
        assert_answered_in_order(cases[i], COUNT_OF(cases[i]), true);
    }
}

SERVING_TEST(replies_to_one_client_leave_joined)
{
    serve_later(SL_UDP_UPPER, NULL);
    struct client client = new_client(&address, 5);
    if (!join_at_receiver(&client))
        skip();
    for (int i = 0; i < 60; i++)
        send_one(&client, 200);
    serving_start(&serving);
    receive_all(&client);
    assert_int_equal(client.joined, 60);
    free_client(&client);
}

/* More than a group holds, by number (64) or by bytes. */
SERVING_TEST(groups_are_as_large_as_the_kernel_allows)
{
    static const size_t sizes[] = {1, 1000, 1023, 1024, 1400};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        serve_later(SL_UDP_UPPER, NULL);
        struct client client = new_client(&address, 5);
        join_at_receiver(&client);
        uint64_t sent = 0;
        for (int j = 0; j < 3; j++) {
            size_t count = LARGEST / sizes[i] < 60 ? LARGEST / sizes[i] : 60;
            if (!send_segments(&client, sizes[i], count * sizes[i]))
                skip();
            sent += count;
        }
        serving_start(&serving);
        receive_all(&client);
        assert_all_replied(sent);
        free_client(&client);
    }
}

SERVING_TEST(joined_datagrams_are_taken_apart)
{
    static const struct {
        size_t size, total;
    } cases[] = {{100, 6400}, {100, 6301}, {100, 6399}, {1, 64}, {1023, 65472}, {30, 31}, {9, 9}};
    serve_later(SL_UDP_UPPER, NULL);
    struct client client = new_client(&address, 5);
    join_at_receiver(&client);
    serving_start(&serving);
    uint64_t sent = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (!send_segments(&client, cases[i].size, cases[i].total))
            skip();
        sent += client.count;
        receive_all(&client);
        serving_wait_exchanges(&serving, sent);
    }
    assert_all_replied(sent);
    struct sl_client_view view = serving_client(&serving, 1);
    assert_int_equal(view.counters.received_messages, sent);
    assert_int_equal(view.counters.sent_messages, sent);
    assert_int_equal(view.counters.received_bytes, view.counters.sent_bytes);
    free_client(&client);
}

/* Newer kernels join up to 128; 64 such messages are the most that one batch can hold. */
SERVING_TEST(a_full_batch_of_full_messages_is_taken_apart)
{
    serve_later(SL_UDP_UPPER, NULL);
    struct client *clients = calloc(8, sizeof(*clients));
    uint64_t sent = 0;
    for (uint64_t i = 0; i < 8; i++) {
        clients[i] = new_client(&address, i);
        join_at_receiver(&clients[i]);
        for (int j = 0; j < 8; j++) {
            if (!send_segments(&clients[i], 5, 5 * 128) && !send_segments(&clients[i], 5, 5 * 64))
                skip();
        }
        sent += clients[i].count;
    }
    serving_start(&serving);
    for (size_t i = 0; i < 8; i++)
        receive_all(&clients[i]);
    assert_all_replied(sent);
    for (size_t i = 0; i < 8; i++)
        free_client(&clients[i]);
    free(clients);
}

/* "ŉ" grows from two bytes to three, so these replies alternate in size and fit no large group. */
SERVING_TEST(more_groups_than_one_send_takes_are_sent)
{
    serve_later(SL_UDP_UPPER, NULL);
    int fds[20];
    struct sl_buffer text = {0};
    for (int i = 0; i < 32; i++)
        assert_int_equal(sl_buffer_append_text(&text, "abŉ"), 0);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        struct client sender = new_client(&address, i);
        fds[i] = sender.fd;
        for (int j = 0; j < 3; j++) {
            if (!send_joined(&sender, 2, text.data, text.size))
                skip();
        }
        sl_buffer_deinit(&sender.expected);
    }
    serving_start(&serving);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        for (int j = 0; j < 3 * 32; j++) {
            expect_datagram(fds[i], "AB", 2);
            expect_datagram(fds[i], "ʼN", 3);
        }
        close(fds[i]);
    }
    serving_wait_exchanges(&serving, COUNT_OF(fds) * 3 * 64);
    sl_buffer_deinit(&text);
}

/* Without checksums the kernel refuses to send joined datagrams (udp(7)): as on an old kernel, or a
 * device that cannot. */
SERVING_TEST(without_segmentation_replies_go_one_by_one)
{
    int on = 1;
    serve_later(SL_UDP_UPPER, NULL);
    int server = serving_listener_fd(&serving, false);
    assert_int_equal(setsockopt(server, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
    struct client one = new_client(&address, 1), two = new_client(&address, 2);
    join_at_receiver(&one);
    join_at_receiver(&two);
    for (int i = 0; i < 100; i++) {
        send_one(&one, 100);
        send_one(&two, i % 7 ? 300 : 20);
    }
    serving_start(&serving);
    receive_all(&one);
    receive_all(&two);
    for (int i = 0; i < 20; i++)
        send_one(&one, 100);
    receive_all(&one);
    assert_int_equal(one.joined + two.joined, 0);
    assert_all_replied(220);
    free_client(&one);
    free_client(&two);
}

#include "serving.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/net.h"
#include "unit.h"

struct serving serving_new(const struct sl_net_options *options)
{
    struct sl_net_options defaults = SL_NET_OPTIONS_DEFAULT;
    struct sl_registry_options registry = {.closed_max = 10000, .first_client = 1};
    struct serving serving = {.journal = sl_journal_new(256 * SL_JOURNAL_BLOCK_SIZE, 1)};
    struct sl_error error;
    options = options ? options : &defaults;
    registry.shards = 2 * options->workers;
    serving.registry = sl_registry_new(&registry);
    serving.waker = sl_waker_new(serving.journal);
    serving.net = sl_net_new(options, serving.journal, serving.registry, NULL, &error);
    assert_non_null(serving.net);
    return serving;
}

struct sl_address serving_listen(struct serving *serving, enum sl_service_id service,
                                 const char *where)
{
    struct sl_endpoint endpoint;
    struct sl_error error;
    size_t listener = sl_registry_listener_count(serving->registry);
    assert_int_equal(sl_endpoint_parse(where, &endpoint, &error), 0);
    if (sl_net_listen(serving->net, service, &endpoint, &error) != 0)
        fail_msg("%s", error.text);
    return sl_registry_listener(serving->registry, listener)->address;
}

void serving_start(struct serving *serving)
{
    struct sl_error error;
    assert_int_equal(sl_net_start(serving->net, &error), 0);
}

void serving_stop(struct serving *serving)
{
    sl_net_stop(serving->net, SERVING_WAIT_MS * SL_NS_PER_MS);
}

void serving_free(struct serving *serving)
{
    sl_net_free(serving->net);
    sl_cursor_close(&serving->cursor);
    sl_waker_free(serving->waker);
    sl_registry_free(serving->registry);
    sl_journal_free(serving->journal);
}

static uint64_t exchanges(struct serving *serving)
{
    struct sl_journal_stats stats;
    sl_journal_stats(serving->journal, &stats);
    return stats.newest_seq;
}

static uint64_t closed(struct serving *serving)
{
    struct sl_registry_totals totals;
    sl_registry_totals(serving->registry, &totals);
    return totals.closed;
}

/* Whatever is counted is told to the journal too, and that wakes us. */
static void wait_for(struct serving *serving, uint64_t (*count)(struct serving *), uint64_t wanted)
{
    int64_t until = sl_clock_mono_ns() + SERVING_WAIT_MS * SL_NS_PER_MS;
    for (;;) {
        sl_waker_arm(serving->waker);
        uint64_t reached = count(serving);
        if (reached >= wanted)
            return;
        if (sl_clock_mono_ns() > until)
            fail_msg("only %llu of %llu came", (unsigned long long)reached,
                     (unsigned long long)wanted);
        struct pollfd fd = {.fd = sl_waker_fd(serving->waker), .events = POLLIN};
        poll(&fd, 1, 1000);
    }
}

void serving_wait_exchanges(struct serving *serving, uint64_t count)
{
    wait_for(serving, exchanges, count);
}

/* The journal is told last. */
static uint64_t closed_records(struct serving *serving)
{
    const struct sl_record *record;
    struct sl_cursor cursor = {0};
    struct sl_gap gap;
    uint64_t count = 0;
    sl_cursor_seek(&cursor, serving->journal, 1);
    while (sl_cursor_next(&cursor, &record, &gap) == SL_READ_RECORD)
        count += record->kind == SL_RECORD_CLOSED;
    sl_cursor_close(&cursor);
    return count;
}

void serving_wait_closed(struct serving *serving, uint64_t count)
{
    wait_for(serving, closed_records, count);
    assert_true(closed(serving) >= count);
}

const struct sl_record *serving_exchange(struct serving *serving, uint64_t seq)
{
    const struct sl_record *record;
    struct sl_gap gap;
    sl_cursor_seek(&serving->cursor, serving->journal, seq);
    do {
        assert_int_equal(sl_cursor_next(&serving->cursor, &record, &gap), SL_READ_RECORD);
    } while (record->kind != SL_RECORD_EXCHANGE);
    assert_int_equal(record->seq, seq);
    return record;
}

struct sl_closing serving_closing(struct serving *serving, uint64_t client)
{
    const struct sl_record *record;
    struct sl_closing closing;
    struct sl_gap gap;
    sl_cursor_seek(&serving->cursor, serving->journal, 1);
    do {
        assert_int_equal(sl_cursor_next(&serving->cursor, &record, &gap), SL_READ_RECORD);
    } while (record->kind != SL_RECORD_CLOSED || record->exchange.client != client);
    assert_int_equal(record->exchange.received_stored, sizeof(closing));
    memcpy(&closing, sl_record_received(record), sizeof(closing));
    return closing;
}

struct sl_client_view serving_client(struct serving *serving, uint64_t id)
{
    struct sl_client_view view;
    assert_true(sl_registry_get(serving->registry, id, &view));
    return view;
}

struct sl_listener_counters serving_counters(struct serving *serving, size_t listener)
{
    struct sl_listener_counters counters;
    sl_registry_listener_counters(serving->registry, listener, &counters);
    return counters;
}

int serving_listener_fd(struct serving *serving, bool stream)
{
    struct sl_worker *worker = stream ? &serving->net->stream[0] : &serving->net->udp[0];
    assert_true(worker->socket_count > 0);
    return worker->sockets[0].fd;
}

static int open_socket(uint16_t family, int type)
{
    struct timeval timeout = {.tv_sec = SERVING_WAIT_MS / 1000};
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    return fd;
}

static void connect_socket(int fd, const struct sl_address *to)
{
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(to, &storage);
    if (connect(fd, (struct sockaddr *)&storage, size) != 0)
        fail_msg("cannot connect: %s", strerror(errno));
}

int connect_stream(const struct sl_address *to)
{
    int fd = open_socket(to->family, SOCK_STREAM);
    connect_socket(fd, to);
    return fd;
}

int connect_datagram(const struct sl_address *from, const struct sl_address *to)
{
    int fd = open_socket(to->family, SOCK_DGRAM);
    if (from) {
        struct sockaddr_storage storage;
        socklen_t size = sl_address_to_sockaddr(from, &storage);
        if (bind(fd, (struct sockaddr *)&storage, size) != 0)
            fail_msg("cannot bind: %s", strerror(errno));
    }
    connect_socket(fd, to);
    return fd;
}

int connect_unix(const char *path)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    int fd = open_socket(AF_UNIX, SOCK_STREAM);
    snprintf(where.sun_path, sizeof(where.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&where, sizeof(where)) != 0)
        fail_msg("cannot connect: %s", strerror(errno));
    return fd;
}

bool find_own_endpoint(char where[SL_ADDRESS_TEXT_SIZE])
{
    struct ifaddrs *all = NULL;
    struct sl_address address = SL_ADDRESS_NONE;
    bool found = false;
    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
        if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET)
            continue;
        address = sl_address_from_sockaddr(one->ifa_addr, sizeof(struct sockaddr_in));
        found = !sl_address_is_loopback(&address);
    }
    freeifaddrs(all);
    address.port = 0;
    if (found)
        sl_address_format(&address, where);
    return found;
}

void send_bytes(int fd, const void *bytes, size_t size)
{
    if (size == 0)
        assert_int_equal(send(fd, "", 0, 0), 0);
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(fd, (const uint8_t *)bytes + sent, size - sent, MSG_NOSIGNAL);
        if (count < 0)
            fail_msg("cannot send: %s", strerror(errno));
        sent += (size_t)count;
    }
}

void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

void expect_datagram(int fd, const void *bytes, size_t size)
{
    static uint8_t got[65536];
    ssize_t count = recv(fd, got, sizeof(got), 0);
    if (count < 0)
        fail_msg("no reply: %s", strerror(errno));
    assert_bytes_equal(got, (size_t)count, bytes, size);
}

void expect_bytes(int fd, const void *bytes, size_t size)
{
    uint8_t *got = malloc(size);
    size_t taken = 0;
    while (taken < size) {
        ssize_t count = recv(fd, got + taken, size - taken, 0);
        if (count <= 0)
            fail_msg("%zu of %zu bytes came: %s", taken, size,
                     count == 0 ? "end" : strerror(errno));
        taken += (size_t)count;
    }
    assert_memory_equal(got, bytes, size);
    free(got);
}

void expect_text(int fd, const char *text)
{
    expect_bytes(fd, text, strlen(text));
}

void expect_end(int fd)
{
    uint8_t byte;
    ssize_t count = recv(fd, &byte, 1, 0);
    if (count != 0)
        fail_msg("no end: %s", count > 0 ? "there was more" : strerror(errno));
}

void reset_connection(int fd)
{
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "serving.h"

static struct serving serving_with(unsigned workers)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.workers = workers;
    return serving_new(&options);
}

/* What the service manager opens: blocking, and inherited by whoever comes. */
static int open_bound(int type, struct sl_address *address)
{
    struct sl_address any = {.family = AF_INET, .ip = {127, 0, 0, 1}};
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&any, &storage);
    int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&storage, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &size), 0);
    *address = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    return fd;
}

static int open_listening(struct sl_address *address)
{
    int fd = open_bound(SOCK_STREAM, address);
    assert_int_equal(listen(fd, 100), 0);
    return fd;
}

/* The gateway gets a copy, as a process inherits one. */
static void adopt(struct serving *serving, enum sl_service_id service, int fd)
{
    struct sl_error error;
    if (sl_net_adopt(serving->net, service, dup(fd), &error) != 0)
        fail_msg("%s", error.text);
}

static void chat(int fd)
{
    send_text(fd, "Hi");
    expect_text(fd, "Your data was 2 bytes");
}

TEST(a_listening_socket_serves_all_workers)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct serving serving = serving_with(workers);
        struct sl_address address;
        char name[SL_ADDRESS_TEXT_SIZE];
        int inherited = open_listening(&address), fds[30];
        adopt(&serving, SL_TCP_CHAT, inherited);
        sl_address_format(&address, name);
        const struct sl_listener_info *info = sl_registry_listener(serving.registry, 0);
        assert_string_equal(info->name, name);
        assert_int_equal(info->transport, SL_TCP);
        serving_start(&serving);
        for (size_t i = 0; i < COUNT_OF(fds); i++) {
            fds[i] = connect_stream(&address);
            chat(fds[i]);
        }
        assert_int_equal(serving_counters(&serving, 0).connections, COUNT_OF(fds));
        assert_true(sl_address_equal(&serving_exchange(&serving, 1)->exchange.local, &address));
        for (size_t i = 0; i < COUNT_OF(fds); i++)
            close(fds[i]);
        serving_free(&serving);
        close(inherited);
    }
}

TEST(nobody_is_refused_between_two_gateways)
{
    struct sl_address address;
    int inherited = open_listening(&address);
    struct serving first = serving_with(2);
    adopt(&first, SL_TCP_CHAT, inherited);
    serving_start(&first);
    int early = connect_stream(&address);
    chat(early);
    close(early);
    serving_wait_closed(&first, 1);
    serving_free(&first);

    int waiting = connect_stream(&address);
    send_text(waiting, "Hi");
    struct serving second = serving_with(1);
    adopt(&second, SL_TCP_CHAT, inherited);
    serving_start(&second);
    expect_text(waiting, "Your data was 2 bytes");
    close(waiting);
    serving_free(&second);
    close(inherited);
}

TEST(a_udp_socket_belongs_to_one_worker)
{
    struct sl_address address;
    int inherited = open_bound(SOCK_DGRAM, &address);
    struct serving serving = serving_with(3);
    adopt(&serving, SL_UDP_UPPER, inherited);
    int fds[20];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = connect_datagram(NULL, &address);
        send_text(fds[i], "hello");
    }
    serving_start(&serving);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        expect_datagram(fds[i], "HELLO", 5);
        close(fds[i]);
    }
    /* Its port counts as ours. */
    struct sl_address own = {.family = AF_INET, .port = address.port, .ip = {127, 0, 0, 7}};
    int loop = connect_datagram(&own, &address);
    send_text(loop, "echo");
    serving_wait_exchanges(&serving, COUNT_OF(fds) + 1);
    assert_int_equal(serving_exchange(&serving, COUNT_OF(fds) + 1)->exchange.outcome,
                     SL_REFUSED_OWN_LISTENER);
    close(loop);
    serving_free(&serving);
    close(inherited);
}

TEST(the_file_of_a_unix_socket_stays)
{
    char folder[] = "/tmp/socklens-adopt-XXXXXX", name[128];
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    struct stat status;
    assert_non_null(mkdtemp(folder));
    snprintf(where.sun_path, sizeof(where.sun_path), "%s/chat", folder);
    snprintf(name, sizeof(name), "unix:%s", where.sun_path);
    int inherited = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(inherited, (struct sockaddr *)&where, sizeof(where)), 0);
    assert_int_equal(listen(inherited, 10), 0);
    struct serving serving = serving_with(2);
    adopt(&serving, SL_TCP_CHAT, inherited);
    assert_string_equal(sl_registry_listener(serving.registry, 0)->name, name);
    assert_int_equal(sl_registry_listener(serving.registry, 0)->transport, SL_UNIX);
    serving_start(&serving);
    int fd = connect_unix(where.sun_path);
    chat(fd);
    close(fd);
    serving_free(&serving);
    assert_int_equal(stat(where.sun_path, &status), 0);
    close(inherited);
    unlink(where.sun_path);
    assert_int_equal(rmdir(folder), 0);
}

static void assert_refused(struct serving *serving, enum sl_service_id service, int fd,
                           const char *fault)
{
    static const char *const keys[] = {"udp_upper", "tcp_upper", "tcp_chat"};
    char expected[256];
    struct sl_error error;
    snprintf(expected, sizeof(expected), "cannot serve %s on inherited descriptor %d: %s",
             keys[service], fd, fault);
    assert_int_equal(sl_net_adopt(serving->net, service, fd, &error), -EINVAL);
    assert_string_equal(error.text, expected);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(sl_registry_listener_count(serving->registry), 0);
}

TEST(what_cannot_serve_is_refused)
{
    struct serving serving = serving_with(1);
    struct sl_address address;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_refused(&serving, SL_UDP_UPPER, fds[0], "it is not a socket");
    assert_refused(&serving, SL_TCP_CHAT, fds[1], "it is not a socket");
    assert_refused(&serving, SL_UDP_UPPER, open_listening(&address), "it is not a UDP socket");
    assert_refused(&serving, SL_UDP_UPPER, socket(AF_UNIX, SOCK_DGRAM, 0),
                   "it is not a UDP socket");
    assert_refused(&serving, SL_TCP_UPPER, open_bound(SOCK_DGRAM, &address),
                   "it is neither a TCP nor a Unix stream socket");
    assert_refused(&serving, SL_TCP_CHAT, socket(AF_UNIX, SOCK_DGRAM, 0),
                   "it is neither a TCP nor a Unix stream socket");
    assert_refused(&serving, SL_TCP_CHAT, open_bound(SOCK_STREAM, &address), "it does not listen");
    assert_refused(&serving, SL_UDP_UPPER, socket(AF_INET, SOCK_DGRAM, 0), "Invalid argument");
    serving_free(&serving);
}

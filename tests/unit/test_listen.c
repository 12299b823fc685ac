#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "serving.h"

static struct sl_net_options with_workers(unsigned workers)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.workers = workers;
    return options;
}

static int try_listen(struct serving *serving, enum sl_service_id service, const char *where,
                      struct sl_error *error)
{
    struct sl_endpoint endpoint;
    assert_int_equal(sl_endpoint_parse(where, &endpoint, error), 0);
    return sl_net_listen(serving->net, service, &endpoint, error);
}

static void assert_refused(struct serving *serving, enum sl_service_id service, const char *where,
                           int code, const char *text)
{
    struct sl_error error;
    size_t listeners = sl_registry_listener_count(serving->registry);
    assert_int_equal(try_listen(serving, service, where, &error), code);
    assert_string_equal(error.text, text);
    assert_int_equal(sl_registry_listener_count(serving->registry), listeners);
}

TEST(a_listener_tells_its_real_port)
{
    struct serving serving = serving_new(NULL);
    static const char *const names[] = {"127.0.0.1:", "[::1]:", "0.0.0.0:", "[::]:"};
    static const char *const asked[] = {"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"};
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        struct sl_address address = serving_listen(&serving, SL_TCP_CHAT, asked[i]);
        const struct sl_listener_info *info = sl_registry_listener(serving.registry, i);
        char expected[64];
        snprintf(expected, sizeof(expected), "%s%u", names[i], address.port);
        assert_int_not_equal(address.port, 0);
        assert_string_equal(info->name, expected);
        assert_int_equal(info->service, SL_TCP_CHAT);
        assert_int_equal(info->transport, SL_TCP);
    }
    serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    assert_int_equal(sl_registry_listener(serving.registry, 4)->transport, SL_UDP);
    serving_free(&serving);
}

/* Both families of one port, and UDP beside TCP, as the course's services share 12000. */
TEST(a_port_serves_each_family_and_transport)
{
    struct serving serving = serving_new(NULL);
    char where[32];
    uint16_t port = serving_listen(&serving, SL_TCP_UPPER, "0.0.0.0:0").port;
    snprintf(where, sizeof(where), "[::]:%u", port);
    serving_listen(&serving, SL_TCP_UPPER, where);
    snprintf(where, sizeof(where), "127.0.0.1:%u", port);
    serving_listen(&serving, SL_UDP_UPPER, where);
    serving_free(&serving);
}

/* With any number of workers here and there. */
TEST(an_address_in_use_is_refused_with_advice)
{
    for (unsigned here = 1; here <= 3; here++) {
        for (unsigned there = 1; there <= 3; there++) {
            struct sl_net_options first_options = with_workers(here);
            struct sl_net_options second_options = with_workers(there);
            struct serving first = serving_new(&first_options);
            struct serving second = serving_new(&second_options);
            uint16_t udp = serving_listen(&first, SL_UDP_UPPER, "127.0.0.1:0").port;
            uint16_t tcp = serving_listen(&first, SL_TCP_CHAT, "127.0.0.1:0").port;
            serving_start(&first);
            char where[64], text[256];
            snprintf(where, sizeof(where), "127.0.0.1:%u", udp);
            snprintf(text, sizeof(text),
                     "cannot listen on udp %s: Address already in use "
                     "(another socklens? try --udp-upper=:12001)",
                     where);
            assert_refused(&second, SL_UDP_UPPER, where, -EADDRINUSE, text);
            snprintf(where, sizeof(where), "127.0.0.1:%u", tcp);
            snprintf(text, sizeof(text),
                     "cannot listen on tcp %s: Address already in use "
                     "(another socklens? try --tcp-chat=:1061)",
                     where);
            assert_refused(&second, SL_TCP_CHAT, where, -EADDRINUSE, text);
            assert_refused(&first, SL_TCP_CHAT, where, -EADDRINUSE, text);
            serving_free(&second);
            serving_free(&first);
        }
    }
}

TEST(a_port_is_free_again_at_once)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        struct sl_net_options options = with_workers(workers);
        struct serving serving = serving_new(&options);
        struct sl_address address = serving_listen(&serving, SL_TCP_CHAT, "127.0.0.1:0");
        serving_start(&serving);
        int fd = connect_stream(&address);
        send_text(fd, "Exit\n");
        expect_text(fd, "Disconnect\n");
        expect_end(fd);
        close(fd);
        serving_wait_closed(&serving, 1);
        serving_free(&serving);

        /* The server closed first: the port has a connection in TIME_WAIT. */
        char where[32];
        snprintf(where, sizeof(where), "127.0.0.1:%u", address.port);
        serving = serving_new(&options);
        serving_listen(&serving, SL_TCP_CHAT, where);
        serving_free(&serving);
    }
}

/* A hundred listeners that each ask for any port get a hundred ports. */
TEST(any_port_is_one_that_nobody_has)
{
    static uint8_t seen[65536];
    struct sl_net_options options = with_workers(2);
    struct serving serving = serving_new(&options);
    for (int i = 0; i < 200; i++) {
        uint16_t port = serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0").port;
        assert_int_equal(seen[port]++, 0);
    }
    serving_free(&serving);
}

TEST(an_address_of_another_machine_is_refused)
{
    struct serving serving = serving_new(NULL);
    assert_refused(&serving, SL_UDP_UPPER, "198.51.100.1:12000", -EADDRNOTAVAIL,
                   "cannot listen on udp 198.51.100.1:12000: Cannot assign requested address "
                   "(this machine has no such address; `ip address` lists them)");
    assert_refused(&serving, SL_TCP_UPPER, "[2001:db8::1]:12000", -EADDRNOTAVAIL,
                   "cannot listen on tcp [2001:db8::1]:12000: Cannot assign requested address "
                   "(this machine has no such address; `ip address` lists them)");
    serving_free(&serving);
}

TEST(a_name_that_is_none_is_refused)
{
    struct serving serving = serving_new(NULL);
    struct sl_error error = {0};
    assert_true(try_listen(&serving, SL_TCP_CHAT, "no-such-host.invalid:5", &error) < 0);
    assert_non_null(strstr(error.text, "no-such-host.invalid"));
    assert_int_equal(sl_registry_listener_count(serving.registry), 0);
    serving_free(&serving);
}

TEST(there_are_256_listeners_at_most)
{
    struct serving serving = serving_new(NULL);
    for (int i = 0; i < 256; i++)
        serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    struct sl_error error;
    assert_int_equal(try_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0", &error), -ENOSPC);
    assert_non_null(strstr(error.text, "more than 256 listeners"));
    serving_free(&serving);
}

/* --- Unix sockets --- */

struct folder {
    char path[64], socket[96], where[108];
};

static struct folder make_folder(void)
{
    struct folder folder = {.path = "/tmp/socklens-listen-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.socket, sizeof(folder.socket), "%s/chat", folder.path);
    snprintf(folder.where, sizeof(folder.where), "unix:%s", folder.socket);
    return folder;
}

static void remove_folder(const struct folder *folder)
{
    unlink(folder->socket);
    assert_int_equal(rmdir(folder->path), 0);
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static void assert_chats(struct serving *serving, const char *path, int count)
{
    for (int i = 0; i < count; i++) {
        int fd = connect_unix(path);
        send_text(fd, "Hi");
        expect_text(fd, "Your data was 2 bytes");
        close(fd);
    }
    (void)serving;
}

TEST(a_unix_socket_serves_all_workers)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct folder folder = make_folder();
        struct sl_net_options options = with_workers(workers);
        struct serving serving = serving_new(&options);
        serving_listen(&serving, SL_TCP_CHAT, folder.where);
        const struct sl_listener_info *info = sl_registry_listener(serving.registry, 0);
        assert_string_equal(info->name, folder.where);
        assert_int_equal(info->transport, SL_UNIX);
        serving_start(&serving);
        assert_chats(&serving, folder.socket, 30);
        serving_wait_closed(&serving, 30);
        assert_int_equal(serving_counters(&serving, 0).connections, 30);
        assert_int_equal(serving_client(&serving, 7).peer.family, AF_UNIX);
        serving_stop(&serving);
        assert_false(exists(folder.socket));
        serving_free(&serving);
        remove_folder(&folder);
    }
}

TEST(a_socket_file_nobody_listens_on_is_replaced)
{
    struct folder folder = make_folder();
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    snprintf(where.sun_path, sizeof(where.sun_path), "%s", folder.socket);
    int crashed = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(crashed, (struct sockaddr *)&where, sizeof(where)), 0);
    assert_int_equal(listen(crashed, 1), 0);
    close(crashed);
    assert_true(exists(folder.socket));

    struct serving serving = serving_new(NULL);
    serving_listen(&serving, SL_TCP_CHAT, folder.where);
    serving_start(&serving);
    assert_chats(&serving, folder.socket, 1);
    serving_free(&serving);
    remove_folder(&folder);
}

TEST(a_socket_file_in_use_is_left_alone)
{
    struct folder folder = make_folder();
    struct serving first = serving_new(NULL), second = serving_new(NULL);
    serving_listen(&first, SL_TCP_CHAT, folder.where);
    serving_start(&first);
    char text[256];
    snprintf(text, sizeof(text),
             "cannot listen on %s: Address already in use (another socklens listens there)",
             folder.where);
    assert_refused(&second, SL_TCP_CHAT, folder.where, -EADDRINUSE, text);
    serving_free(&second);
    assert_chats(&first, folder.socket, 1);
    serving_free(&first);
    assert_false(exists(folder.socket));
    remove_folder(&folder);
}

TEST(a_file_that_is_no_socket_is_left_alone)
{
    struct folder folder = make_folder();
    FILE *file = fopen(folder.socket, "w");
    assert_non_null(file);
    fclose(file);
    struct serving serving = serving_new(NULL);
    struct sl_error error;
    assert_int_equal(try_listen(&serving, SL_TCP_CHAT, folder.where, &error), -EADDRINUSE);
    assert_true(exists(folder.socket));
    serving_free(&serving);
    assert_true(exists(folder.socket));
    remove_folder(&folder);
}

TEST(a_path_that_cannot_be_is_refused)
{
    struct serving serving = serving_new(NULL);
    assert_refused(&serving, SL_TCP_CHAT, "unix:/no/such/folder/chat", -ENOENT,
                   "cannot listen on unix:/no/such/folder/chat: No such file or directory");
    assert_refused(&serving, SL_UDP_UPPER, "unix:/tmp/socklens", -EINVAL,
                   "cannot listen on unix:/tmp/socklens: UDP uppercase is a datagram service; "
                   "give HOST:PORT");
    serving_free(&serving);
}

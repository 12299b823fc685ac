#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd/connection_limits.h"

/* A socket whose peer has this address; nothing is sent. Skips where there is no way there. */
static int socket_to(uint32_t host)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(host)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        skip();
    }
    return fd;
}

static enum sl_connections_over add(struct sl_connections *connections, int fd)
{
    struct sl_http_connection *connection = sl_connections_add(connections, fd, 0);

    assert_non_null(connection);
    return connection->over;
}

static void remove_all(struct sl_connections *connections)
{
    while (connections->all.first)
        sl_connections_remove(connections,
                              SL_LINKED(connections->all.first, struct sl_http_connection, link));
    sl_connections_deinit(connections);
}

TEST(connections_are_limited_in_all)
{
    struct sl_connections connections;
    int fd = socket_to(INADDR_LOOPBACK);

    sl_connections_init(&connections, 2, 1);
    assert_int_equal(add(&connections, fd), SL_NOT_OVER);
    assert_int_equal(add(&connections, fd), SL_NOT_OVER);
    assert_int_equal(add(&connections, fd), SL_OVER_ALL);
    assert_int_equal(add(&connections, fd), SL_OVER_ALL);
    assert_int_equal(connections.count, 4);
    assert_int_equal(connections.rejected, 2);
    remove_all(&connections);
    close(fd);
}

/* One who was turned away does not take the place of the next. */
TEST(closed_connection_makes_room)
{
    struct sl_connections connections;
    struct sl_http_connection *first;
    int fd = socket_to(INADDR_LOOPBACK);

    sl_connections_init(&connections, 1, 1);
    first = sl_connections_add(&connections, fd, 0);
    assert_non_null(first);
    assert_int_equal(add(&connections, fd), SL_OVER_ALL);
    sl_connections_remove(&connections, first);
    assert_int_equal(add(&connections, fd), SL_NOT_OVER);
    remove_all(&connections);
    close(fd);
}

TEST(connections_are_limited_per_address)
{
    struct sl_connections connections;
    int one = socket_to(0xc0000201), other = socket_to(0xc0000202);

    sl_connections_init(&connections, 4, 2);
    assert_int_equal(add(&connections, one), SL_NOT_OVER);
    assert_int_equal(add(&connections, one), SL_NOT_OVER);
    assert_int_equal(add(&connections, one), SL_OVER_ADDRESS);
    assert_int_equal(add(&connections, other), SL_NOT_OVER);
    remove_all(&connections);
    close(one);
    close(other);
}

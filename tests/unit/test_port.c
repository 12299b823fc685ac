#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "socklens/port.h"

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
#define LINE(port, state, timer, inode)                                                            \
    "  12: 0100007F:" port " 0100007F:DFB8 " state " 00000000:00000000 " timer                     \
    " 00000000     0        0 " inode " 1 0000000080 100 0 0 10 0\n"

static unsigned left(const char *text, uint16_t port)
{
    char path[] = "/tmp/socklens-test-XXXXXX";
    const char *paths[] = {"/nowhere", path};
    int fd = mkstemp(path);
    unsigned seconds;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    seconds = sl_port_time_wait_in(paths, 2, port);
    unlink(path);
    return seconds;
}

TEST(time_wait_is_the_longest_that_is_left)
{
    long second = sysconf(_SC_CLK_TCK);

    assert_int_equal(second, 100); /* on all of Linux */
    assert_int_equal(left(HEAD LINE("2EE0", "06", "03:000003E8", "0")
                              LINE("2EE0", "06", "03:00001388", "0")
                                  LINE("2EE1", "06", "03:00001770", "0"),
                          12000),
                     51);
    assert_int_equal(left(HEAD "nonsense\n", 12000), 0);
    assert_int_equal(left("", 12000), 0);
}

TEST(listening_or_open_socket_is_no_time_wait)
{
    assert_int_equal(left(HEAD LINE("2EE0", "06", "03:000003E8", "0")
                              LINE("2EE0", "0A", "00:00000000", "1145"),
                          12000),
                     0);
    assert_int_equal(left(HEAD LINE("2EE0", "01", "02:000003E8", "77"), 12000), 0);
}

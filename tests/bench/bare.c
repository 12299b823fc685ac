#include "bare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIFETIME_S = 3600, RECEIVE_BUFFER_BYTES = 4 << 20 };

_Noreturn void sl_bare_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

void sl_bare_upper(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];

        bytes[i] = (char)(c - ((unsigned char)(c - 'a') < 26 ? 'a' - 'A' : 0));
    }
}

int sl_bare_socket(int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), bytes = RECEIVE_BUFFER_BYTES;

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        sl_bare_die("cannot bind");
    if ((type & ~SOCK_NONBLOCK) == SOCK_DGRAM)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    else if (listen(fd, SOMAXCONN) < 0)
        sl_bare_die("cannot listen");
    alarm(LIFETIME_S);
    return fd;
}

void sl_bare_announce(const char *path, const char *key, int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    char partial[4096];
    FILE *file;

    if (snprintf(partial, sizeof(partial), "%s.partial", path) >= (int)sizeof(partial))
        sl_bare_die("the ready file's name is too long");
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        sl_bare_die("no address");
    file = fopen(partial, "we");
    if (!file)
        sl_bare_die(partial);
    fprintf(file, "{\"%s\":[\"127.0.0.1:%d\"]}\n", key, ntohs(address.sin_port));
    if (fclose(file) != 0 || rename(partial, path) < 0)
        sl_bare_die(path);
}

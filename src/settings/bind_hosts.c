/* Gives endpoints without a host those of --bind. By default that is both loopback addresses,
 * where the machine has them. */
#include "settings/bind_hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The default's two, what "*" stands for is fewer, and the machine's own. */
#define HOSTS_MAX 3

struct hosts {
    const char *items[HOSTS_MAX];
    size_t count;
    char own[16];
};

static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof(loopback)) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

static bool line_names(char *line, const char *name, char address[16])
{
    char *rest = line, *word;
    struct in_addr ip;

    line[strcspn(line, "#\n")] = '\0';
    word = strsep(&rest, " \t");
    if (inet_pton(AF_INET, word, &ip) != 1 || ntohl(ip.s_addr) >> 24 != 127 ||
        ip.s_addr == htonl(INADDR_LOOPBACK))
        return false;
    snprintf(address, 16, "%.15s", word);
    while ((word = strsep(&rest, " \t")))
        if (strcmp(word, name) == 0)
            return true;
    return false;
}

/* The file and not getaddrinfo(3): a start waits for no name server. */
bool sl_own_loopback(const char *path, const char *name, char address[16])
{
    FILE *file = fopen(path, "re");
    char line[512];
    bool found = false;

    while (file && !found && fgets(line, sizeof(line), file))
        found = line_names(line, name, address);
    if (file)
        fclose(file);
    return found;
}

static void find_usual(struct hosts *hosts)
{
    char name[256] = "";

    hosts->items[hosts->count++] = "127.0.0.1";
    if (has_ipv6())
        hosts->items[hosts->count++] = "::1";
    if (gethostname(name, sizeof(name) - 1) == 0 && sl_own_loopback("/etc/hosts", name, hosts->own))
        hosts->items[hosts->count++] = hosts->own;
}

static void find_every(struct hosts *hosts)
{
    hosts->items[hosts->count++] = "0.0.0.0";
    if (has_ipv6())
        hosts->items[hosts->count++] = "::";
}

static int append(struct sl_endpoint_list *list, const struct sl_endpoint *endpoint,
                  const char *host, bool follows)
{
    struct sl_endpoint *items = reallocarray(list->items, list->count + 1, sizeof(*items));

    if (!items)
        return -ENOMEM;
    list->items = items;
    items[list->count] = *endpoint;
    if (host)
        snprintf(items[list->count].host, sizeof(items->host), "%s", host);
    items[list->count++].follows = follows;
    return 0;
}

static int append_each(struct sl_endpoint_list *list, const struct sl_endpoint *endpoint,
                       const char *const *hosts, size_t count)
{
    struct hosts every = {0};
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++) {
        if (strcmp(hosts[i], "*") != 0) {
            result = append(list, endpoint, hosts[i], i > 0);
            continue;
        }
        find_every(&every);
        result = append_each(list, endpoint, every.items, every.count);
    }
    return result;
}

static int fill_one(struct sl_endpoint_list *list, const struct sl_endpoint *endpoint,
                    const char *const *hosts, size_t count)
{
    const char *host = endpoint->host;

    if (*endpoint->unix_path)
        return append(list, endpoint, NULL, false);
    return *host ? append_each(list, endpoint, &host, 1)
                 : append_each(list, endpoint, hosts, count);
}

int sl_bind_hosts_fill(struct sl_endpoint_list *list, const struct sl_name_list *hosts, bool usual)
{
    struct sl_endpoint_list filled = {.off = list->off};
    const char *const *items = (const char *const *)hosts->items;
    size_t count = hosts->count;
    struct hosts found = {0};
    int result = 0;

    if (usual) {
        find_usual(&found);
        items = found.items;
        count = found.count;
    }
    for (size_t i = 0; i < list->count && result == 0; i++)
        result = fill_one(&filled, &list->items[i], items, count);
    free(result == 0 ? list->items : filled.items);
    if (result == 0)
        *list = filled;
    return result;
}

static bool has_another_ipv4(const struct sl_name_list *hosts, size_t but)
{
    struct in_addr ip;

    for (size_t i = 0; i < hosts->count; i++)
        if (i != but && inet_pton(AF_INET, hosts->items[i], &ip) == 1)
            return true;
    return false;
}

static bool has_another_ipv6(const struct sl_name_list *hosts, size_t but)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (i != but && strchr(hosts->items[i], ':'))
            return true;
    return false;
}

const char *sl_bind_hosts_problem(const struct sl_name_list *hosts)
{
    for (size_t i = 0; i < hosts->count; i++) {
        if (strcmp(hosts->items[i], "*") == 0 && hosts->count > 1)
            return "\"*\" is every address of both families: nothing can stand beside it";
        if (strcmp(hosts->items[i], "0.0.0.0") == 0 && has_another_ipv4(hosts, i))
            return "0.0.0.0 includes all other IPv4 addresses";
        if (strcmp(hosts->items[i], "::") == 0 && has_another_ipv6(hosts, i))
            return ":: includes all other IPv6 addresses";
    }
    return NULL;
}

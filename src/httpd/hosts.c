/* Names in Host and Origin against those that are ours. */
#include "httpd/hosts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int copy_list(char ***copies, size_t *copied, const char *const *texts, size_t count)
{
    if (count == 0)
        return 0;
    *copies = calloc(count, sizeof(**copies));
    if (!*copies)
        return -ENOMEM;
    for (; *copied < count; (*copied)++) {
        (*copies)[*copied] = strdup(texts[*copied]);
        if (!(*copies)[*copied])
            return -ENOMEM;
    }
    return 0;
}

static void free_list(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

int sl_hosts_init(struct sl_hosts *hosts, const char *const *names, size_t name_count,
                  const char *const *origins, size_t origin_count)
{
    int code;

    *hosts = (struct sl_hosts){0};
    code = copy_list(&hosts->names, &hosts->name_count, names, name_count);
    return code < 0 ? code
                    : copy_list(&hosts->origins, &hosts->origin_count, origins, origin_count);
}

void sl_hosts_deinit(struct sl_hosts *hosts)
{
    free_list(hosts->names, hosts->name_count);
    free_list(hosts->origins, hosts->origin_count);
    *hosts = (struct sl_hosts){0};
}

void sl_hosts_add_address(struct sl_hosts *hosts, const struct sl_address *address)
{
    size_t capacity = sizeof(hosts->addresses) / sizeof(hosts->addresses[0]);

    if (hosts->address_count < capacity)
        hosts->addresses[hosts->address_count++] = *address;
}

static bool copy(char *out, size_t capacity, const char *text, size_t size)
{
    if (size == 0 || size >= capacity)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

static bool split_port(const char *text, char port[8])
{
    port[0] = '\0';
    if (*text == '\0')
        return true;
    if (*text != ':' || strspn(text + 1, "0123456789") != strlen(text + 1))
        return false;
    return text[1] == '\0' || copy(port, 8, text + 1, strlen(text + 1));
}

bool sl_host_split(const char *host, char name[256], char port[8])
{
    size_t size;

    if (*host == '[') {
        size = strcspn(host, "]");
        return host[size] == ']' && copy(name, 256, host + 1, size - 1) &&
               split_port(host + size + 1, port);
    }
    size = strcspn(host, ":");
    return copy(name, 256, host, size) && split_port(host + size, port);
}

static bool same_ip(const struct sl_address *a, const struct sl_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static bool is_listened_on(const struct sl_hosts *hosts, const struct sl_address *ip)
{
    for (size_t i = 0; i < hosts->address_count; i++) {
        if (same_ip(&hosts->addresses[i], ip))
            return true;
    }
    return false;
}

static bool is_name(const struct sl_hosts *hosts, const char *name)
{
    for (size_t i = 0; i < hosts->name_count; i++) {
        if (strcasecmp(hosts->names[i], name) == 0)
            return true;
    }
    return strcasecmp(name, "localhost") == 0;
}

bool sl_hosts_allow(const struct sl_hosts *hosts, const char *host, const struct sl_address *local)
{
    char name[256], port[8];
    struct sl_address ip;
    bool has_port;

    if (!sl_host_split(host, name, port))
        return false;
    if (is_name(hosts, name))
        return true;
    return sl_address_parse(name, &ip, &has_port) && ip.family != AF_UNIX &&
           !sl_address_is_wildcard(&ip) && (is_listened_on(hosts, &ip) || same_ip(&ip, local));
}

bool sl_hosts_allow_origin(const struct sl_hosts *hosts, const char *origin)
{
    for (size_t i = 0; i < hosts->origin_count; i++) {
        if (strcmp(hosts->origins[i], origin) == 0)
            return true;
    }
    return false;
}

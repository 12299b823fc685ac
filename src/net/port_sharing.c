/* Who else has our ports.
 *
 * With several workers each listener is a group under SO_REUSEPORT, which any process of the same
 * user may join, and then the kernel hands it a part of the traffic. Linux has no way to close such
 * a group, so at least it is said: /proc/net lists every socket with its inode. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "net/net.h"

#define LISTEN 0x0au /* the state in /proc/net/tcp, as in <netinet/tcp.h> */

static const struct table {
    const char *path;
    uint16_t family;
    enum sl_transport transport;
} tables[] = {
    {"/proc/net/udp", AF_INET, SL_UDP},
    {"/proc/net/udp6", AF_INET6, SL_UDP},
    {"/proc/net/tcp", AF_INET, SL_TCP},
    {"/proc/net/tcp6", AF_INET6, SL_TCP},
};

struct entry {
    struct sl_address address;
    unsigned state;
    unsigned long inode;
};

/* The address stands there as words of the memory that holds it. */
static bool parse_line(const char *line, uint16_t family, struct entry *entry)
{
    char address[33];
    unsigned port;
    size_t words = family == AF_INET6 ? 4 : 1;

    if (sscanf(line, "%*u: %32[0-9A-F]:%x %*[^ ] %x %*[^ ] %*[^ ] %*x %*u %*u %lu", address, &port,
               &entry->state, &entry->inode) != 4 ||
        strlen(address) != words * 8)
        return false;
    entry->address = (struct sl_address){.family = family, .port = (uint16_t)port};
    for (size_t i = 0; i < words; i++) {
        uint32_t word;

        if (sscanf(address + i * 8, "%8" SCNx32, &word) != 1)
            return false;
        memcpy(entry->address.ip + i * 4, &word, sizeof(word));
    }
    return true;
}

static bool has_inode(const struct sl_worker *worker, unsigned long inode)
{
    struct stat status;

    for (size_t i = 0; i < worker->socket_count; i++)
        if (fstat(worker->sockets[i].fd, &status) == 0 && status.st_ino == inode)
            return true;
    return false;
}

static bool is_ours(const struct sl_net *net, unsigned long inode)
{
    for (unsigned i = 0; i < net->options.workers; i++)
        if (has_inode(&net->udp[i], inode) || has_inode(&net->stream[i], inode))
            return true;
    return false;
}

static bool takes_from(const struct sl_address *theirs, const struct sl_address *ours)
{
    return theirs->family == ours->family && theirs->port == ours->port &&
           (sl_address_is_wildcard(ours) || memcmp(theirs->ip, ours->ip, sizeof(ours->ip)) == 0);
}

static void mark(const struct sl_net *net, const struct table *table, const struct entry *entry,
                 bool *joined)
{
    for (size_t i = 0; i < sl_registry_listener_count(net->registry); i++) {
        const struct sl_listener_info *info = sl_registry_listener(net->registry, i);

        if (info->transport == table->transport && takes_from(&entry->address, &info->address) &&
            !is_ours(net, entry->inode))
            joined[i] = true;
    }
}

static void read_table(const struct sl_net *net, const struct table *table, bool *joined)
{
    FILE *file = fopen(table->path, "re");
    struct entry entry;
    char line[512];

    while (file && fgets(line, sizeof(line), file)) {
        if (!parse_line(line, table->family, &entry))
            continue;
        if (table->transport == SL_TCP && entry.state != LISTEN)
            break; /* those that listen stand first, and the rest may be many */
        mark(net, table, &entry, joined);
    }
    if (file)
        fclose(file);
}

void sl_net_look_around(struct sl_net *net)
{
    bool joined[SL_LISTENERS_MAX] = {false};

    if (net->options.workers == 1)
        return;
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
        read_table(net, &tables[i], joined);
    for (size_t i = 0; i < sl_registry_listener_count(net->registry); i++) {
        const char *name = sl_registry_listener(net->registry, i)->name;

        if (joined[i] && !net->joined[i])
            sl_log_warning(net->log,
                           "another process has joined %s with SO_REUSEPORT and takes a part of "
                           "its traffic, which is not seen here (with --workers 1 it cannot)",
                           name);
        else if (!joined[i] && net->joined[i])
            sl_log_info(net->log, "no other process takes traffic of %s any more", name);
        net->joined[i] = joined[i];
    }
}

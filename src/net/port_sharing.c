/* Notices that another process shares our ports.
 *
 * With several workers each listener is a group of sockets under SO_REUSEPORT. Any process of the
 * same user may join the group, and then the kernel hands it a part of the traffic. Linux has no
 * way to close such a group, so at least a warning is logged: /proc/net lists every socket with its
 * inode, and those at our addresses with an inode that is not ours are the others. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "net/net.h"

#define STATE_LISTEN 0x0au /* the state in /proc/net/tcp, as in <netinet/tcp.h> */

static const struct socket_table {
    const char *path;
    uint16_t family;
    enum sl_transport transport;
} tables[] = {
    {"/proc/net/udp", AF_INET, SL_UDP},
    {"/proc/net/udp6", AF_INET6, SL_UDP},
    {"/proc/net/tcp", AF_INET, SL_TCP},
    {"/proc/net/tcp6", AF_INET6, SL_TCP},
};

struct table_entry {
    struct sl_address address;
    unsigned state;
    unsigned long inode;
};

/* The address is written as the 32-bit words of the memory that holds it. */
static bool entry_parse(const char *line, uint16_t family, struct table_entry *entry)
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

static bool worker_has_inode(const struct sl_worker *worker, unsigned long inode)
{
    struct stat status;

    for (size_t i = 0; i < worker->socket_count; i++)
        if (fstat(worker->sockets[i].fd, &status) == 0 && status.st_ino == inode)
            return true;
    return false;
}

static bool net_has_inode(const struct sl_net *net, unsigned long inode)
{
    for (unsigned i = 0; i < net->options.workers; i++)
        if (worker_has_inode(&net->udp[i], inode) || worker_has_inode(&net->stream[i], inode))
            return true;
    return false;
}

/* Whether a socket at `theirs` gets datagrams or connections that one at `ours` would get. */
static bool entry_shares(const struct sl_address *theirs, const struct sl_address *ours)
{
    return theirs->family == ours->family && theirs->port == ours->port &&
           (sl_address_is_wildcard(ours) || memcmp(theirs->ip, ours->ip, sizeof(ours->ip)) == 0);
}

static void table_mark_entry(const struct sl_net *net, const struct socket_table *table,
                             const struct table_entry *entry, bool *shared)
{
    for (size_t i = 0; i < sl_registry_listener_count(net->registry); i++) {
        const struct sl_listener_info *info = sl_registry_listener(net->registry, i);

        if (info->transport == table->transport && entry_shares(&entry->address, &info->address) &&
            !net_has_inode(net, entry->inode))
            shared[i] = true;
    }
}

static void table_read(const struct sl_net *net, const struct socket_table *table, bool *shared)
{
    FILE *file = fopen(table->path, "re");
    struct table_entry entry;
    char line[512];

    while (file && fgets(line, sizeof(line), file)) {
        if (!entry_parse(line, table->family, &entry))
            continue;
        if (table->transport == SL_TCP && entry.state != STATE_LISTEN)
            break; /* those that listen come first, and the rest may be many */
        table_mark_entry(net, table, &entry, shared);
    }
    if (file)
        fclose(file);
}

void sl_net_check_port_sharing(struct sl_net *net)
{
    bool shared[SL_LISTENERS_MAX] = {false};

    if (net->options.workers == 1)
        return;
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
        table_read(net, &tables[i], shared);
    for (size_t i = 0; i < sl_registry_listener_count(net->registry); i++) {
        const char *name = sl_registry_listener(net->registry, i)->name;

        if (shared[i] && !net->port_shared[i])
            sl_log_warning(net->log,
                           "another process has joined %s with SO_REUSEPORT and takes a part of "
                           "its traffic, which is not seen here (with --workers 1 it cannot)",
                           name);
        else if (!shared[i] && net->port_shared[i])
            sl_log_info(net->log, "no other process takes traffic of %s any more", name);
        net->port_shared[i] = shared[i];
    }
}

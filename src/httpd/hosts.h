/* Which names in a Host header are ours, and which pages besides those under such a name. A page of
 * a stranger that makes its own name resolve to this machine (DNS rebinding) sends that name, and
 * is sent away. */
#ifndef SOCKLENS_HTTPD_HOSTS_H
#define SOCKLENS_HTTPD_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "socklens/address.h"

struct sl_hosts {
    char **names; /* --allow-host, without port */
    size_t name_count;
    char **origins; /* --allow-origin, in normal form: see web_origin.h */
    size_t origin_count;
    struct sl_address addresses[16]; /* listened on; the port does not count */
    size_t address_count;
};

/* Copies names and origins. 0 or -ENOMEM. */
int sl_hosts_init(struct sl_hosts *hosts, const char *const *names, size_t name_count,
                  const char *const *origins, size_t origin_count);
void sl_hosts_deinit(struct sl_hosts *hosts);
void sl_hosts_add_address(struct sl_hosts *hosts, const struct sl_address *address);

/* Is `host` ("name", "name:port", "1.2.3.4:80", "[::1]:80") one of the names, localhost, an address
 * listened on, or the address this connection came to (`local`, for wildcard listeners; may be
 * SL_ADDRESS_NONE)? The port may be any: port forwarding changes it, and rebinding does not need
 * it. */
bool sl_hosts_allow(const struct sl_hosts *hosts, const char *host, const struct sl_address *local);

/* Is this one of the origins? In normal form. */
bool sl_hosts_allow_origin(const struct sl_hosts *hosts, const char *origin);

/* Cuts a Host header into its name, without brackets, and its port ("" where it has none). False
 * where it is malformed. */
bool sl_host_split(const char *host, char name[256], char port[8]);

#endif

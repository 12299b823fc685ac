/* Which addresses a listener has that was given without a host, or with the host "*". */
#ifndef SOCKLENS_SETTINGS_BIND_HOSTS_H
#define SOCKLENS_SETTINGS_BIND_HOSTS_H

#include "socklens/config.h"

/* Makes an endpoint for each address out of those in `list` that have no host (the addresses of
 * --bind) or the host "*" (every address of each family that this machine has). With `usual`, the
 * hosts are the default ones: ::1 is left out where the machine has none, and the loopback address
 * that its own name has is added. 0 or -ENOMEM. */
int sl_bind_hosts_fill(struct sl_endpoint_list *list, const struct sl_name_list *hosts, bool usual);

/* The address in 127.0.0.0/8 other than 127.0.0.1 that a file such as /etc/hosts gives `name`:
 * Debian gives a machine's own name 127.0.1.1. False where it gives none. */
bool sl_own_loopback(const char *path, const char *name, char address[16]);

/* What is wrong with --bind as a whole, as a sentence; NULL: nothing. */
const char *sl_bind_hosts_problem(const struct sl_name_list *hosts);

#endif

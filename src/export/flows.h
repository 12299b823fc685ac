/* The TCP connections that a capture is in the middle of. */
#ifndef EXPORT_FLOWS_H
#define EXPORT_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/list.h"

#define FLOWS_MAX 65536 /* 4 MiB; beyond, the one quiet longest is forgotten */

/* Index of a direction: who sends. */
enum side { SIDE_PEER, SIDE_SERVER };

struct flow {
    uint64_t client;
    uint32_t seq[2];     /* by side: the next sequence number */
    struct flow *next;   /* of the same slot */
    struct sl_link used; /* in the order of last use */
};

struct flows;

struct flows *flows_new(void); /* NULL where there is no memory */
void flows_free(struct flows *flows);

/* The client's flow, or NULL; it becomes the last used. */
struct flow *flows_find(struct flows *flows, uint64_t client);

/* A client that is not there: begins where `salt` and the client's number say. NULL where there is
 * no memory. */
struct flow *flows_add(struct flows *flows, uint64_t client, uint64_t salt);

/* The connection has ended. */
void flows_remove(struct flows *flows, struct flow *flow);

/* True for clients that were removed lately: for records that come twice. */
bool flows_has_ended(const struct flows *flows, uint64_t client);

#endif

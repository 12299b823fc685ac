/* Inside the net room: probes that were announced, and the connections they come on. */
#ifndef NET_HEALTH_H
#define NET_HEALTH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "socklens/health.h"

struct sl_socket;
struct sl_worker;
struct udp_batch;

#define HEALTH_CONNECTIONS 16 /* at once a worker; the oldest gives way */

struct health_port {
    uint16_t port;
    int64_t until_mono_ns; /* 0: none */
};

/* Of the whole net. */
struct health {
    pthread_mutex_t lock;
    struct health_port ports[SL_HEALTH_PROBES_MAX];
    size_t next;
    _Atomic int64_t until_mono_ns; /* when the last of them is over; 0: none is expected */
    _Atomic uint64_t answered[SL_SERVICE_COUNT];
};

void health_init(struct health *health);
void health_deinit(struct health *health);

/* Answers the probes in a batch that was received and takes them out of it. Costs a load where none
 * is expected. */
void health_take_datagrams(struct sl_worker *worker, struct udp_batch *batch);

struct health_connection {
    uint8_t kind; /* SL_SOURCE_HEALTH; 0: this place is free */
    uint8_t service;
    int fd;
};

/* Of one stream worker; zero-initialise it. */
struct health_desk {
    struct health_connection connections[HEALTH_CONNECTIONS];
    size_t next;
};

/* Takes an accepted socket where it is an announced probe's: true. `name` is its peer's. */
bool health_take_connection(struct health_desk *desk, struct sl_worker *worker,
                            const struct sl_socket *listener, int fd,
                            const struct sockaddr_storage *name, socklen_t size);

/* What epoll reported: answers and closes. */
void health_ready(struct sl_worker *worker, struct health_connection *connection);

void health_desk_close(struct health_desk *desk);

#endif

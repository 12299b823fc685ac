/* Inside the net room: probes that were announced, and the connections they come on. */
#ifndef SOCKLENS_NET_HEALTH_H
#define SOCKLENS_NET_HEALTH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "socklens/health.h"

struct sl_socket;
struct sl_worker;
struct sl_udp_batch;

#define SL_HEALTH_CONNECTIONS 16 /* at once a worker; the oldest gives way */

struct sl_health_port {
    uint16_t port;
    int64_t until_mono_ns; /* 0: none */
};

/* Of the whole net. */
struct sl_health {
    pthread_mutex_t lock;
    struct sl_health_port ports[SL_HEALTH_PROBES_MAX];
    size_t next;
    _Atomic int64_t until_mono_ns; /* when the last of them is over; 0: none is expected */
    _Atomic uint64_t answered[SL_SERVICE_COUNT];
};

void sl_health_init(struct sl_health *health);
void sl_health_deinit(struct sl_health *health);

/* Answers the probes in a batch that was received and takes them out of it. Costs a load where none
 * is expected. */
void sl_health_take_datagrams(struct sl_worker *worker, struct sl_udp_batch *batch);

struct sl_health_connection {
    uint8_t kind; /* SL_SOURCE_HEALTH; 0: this place is free */
    uint8_t service;
    int fd;
};

/* Of one stream worker; zero-initialise it. */
struct sl_health_desk {
    struct sl_health_connection connections[SL_HEALTH_CONNECTIONS];
    size_t next;
};

/* Takes an accepted socket where it is an announced probe's: true. `name` is its peer's. */
bool sl_health_take_connection(struct sl_health_desk *desk, struct sl_worker *worker,
                               const struct sl_socket *listener, int fd,
                               const struct sockaddr_storage *name, socklen_t size);

/* What epoll reported: answers and closes. */
void sl_health_ready(struct sl_worker *worker, struct sl_health_connection *connection);

void sl_health_desk_close(struct sl_health_desk *desk);

#endif

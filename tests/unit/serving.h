/* A journal, a registry and a net in this process, and sockets that talk to it. Whatever does not
 * happen within twenty seconds fails the test. */
#ifndef SERVING_H
#define SERVING_H

#include "socklens/net.h"

#define SERVING_WAIT_MS 20000

struct serving {
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_net *net;
    struct sl_waker *waker;
    struct sl_cursor cursor; /* behind what serving_exchange gave */
};

/* NULL: the defaults. */
struct serving serving_new(const struct sl_net_options *options);

/* Returns the address the kernel gave. Unix addresses have none. */
struct sl_address serving_listen(struct serving *serving, enum sl_service_id service,
                                 const char *where);
void serving_start(struct serving *serving);
void serving_stop(struct serving *serving);
void serving_free(struct serving *serving);

/* Wait until so many exchanges are recorded, or so many clients have closed. */
void serving_wait_exchanges(struct serving *serving, uint64_t count);
void serving_wait_closed(struct serving *serving, uint64_t count);

/* The exchange with this number; valid until the next call. */
const struct sl_record *serving_exchange(struct serving *serving, uint64_t seq);

/* What the journal says about the end of a client. */
struct sl_closing serving_closing(struct serving *serving, uint64_t client);

struct sl_client_view serving_client(struct serving *serving, uint64_t id);
struct sl_listener_counters serving_counters(struct serving *serving, size_t listener);

/* The first socket of the first worker that serves datagrams or streams; before the start only. */
int serving_listener_fd(struct serving *serving, bool stream);

/* --- clients --- */

/* A connected socket; `from` may be NULL for any address. */
int connect_stream(const struct sl_address *to);
int connect_datagram(const struct sl_address *from, const struct sl_address *to);
int connect_unix(const char *path);

/* Port 0 of an IPv4 address of this machine that is not loopback; false where it has none. */
bool find_own_endpoint(char where[SL_ADDRESS_TEXT_SIZE]);

void send_bytes(int fd, const void *bytes, size_t size);
void send_text(int fd, const char *text);

/* Exactly this comes next: as a datagram, or of a stream. */
void expect_datagram(int fd, const void *bytes, size_t size);
void expect_bytes(int fd, const void *bytes, size_t size);
void expect_text(int fd, const char *text);
void expect_end(int fd);

/* Closes with a reset. */
void reset_connection(int fd);

#endif

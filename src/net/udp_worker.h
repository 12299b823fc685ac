/* Inside the UDP worker: what the path through fault rules (udp_faults.c) shares with the one
 * without (udp_worker.c). */
#ifndef SOCKLENS_NET_UDP_WORKER_H
#define SOCKLENS_NET_UDP_WORKER_H

#include "net/echo.h"
#include "net/udp.h"
#include "socklens/fault_set.h"

#define SL_UDP_EVENTS 512 /* exchanges the journal gets at once */

struct udp_faults;

struct udp_worker {
    struct sl_worker *worker;
    struct sl_udp_receiver receiver;
    struct sl_udp_sender *sender;
    struct sl_udp_batch *batch;
    struct sl_rate_limit rate;
    struct sl_echo_guard echo;
    struct sl_time clock; /* read when a wait ends, a batch is there, and its replies are out */
    struct sl_event events[SL_UDP_EVENTS];
    size_t event_count;
    size_t clients_max;
    int64_t expired_at_ns;
    int64_t drops_due_ns; /* when to ask for the kernel's drops; INT64_MAX: nothing came since */
    struct udp_faults *faults; /* NULL: no listener has ever had a rule */
};

/* --- udp_worker.c --- */

/* Whether the datagram is to be answered at all: SL_REPLIED, or why not. */
enum sl_outcome udp_decide(struct udp_worker *udp, const struct sl_udp_message *message,
                           const struct sl_time *now);

/* Has the service answer an item of `batch`. */
enum sl_outcome udp_respond(struct udp_worker *udp, struct sl_udp_batch *batch,
                            struct sl_udp_item *item, int64_t now_mono_ns);

/* Counts what came of the batch's items with their clients. */
void udp_count_sent(struct udp_worker *udp, struct sl_udp_batch *batch, const struct sl_time *now);

/* Fills the record of an item. The event is valid until the next call or flush. */
struct sl_event *udp_record(struct udp_worker *udp, const struct sl_udp_batch *batch,
                            const struct sl_udp_item *item, int64_t received_at_ns,
                            int64_t replied_at_ns);

void udp_flush_events(struct udp_worker *udp);

/* --- udp_faults.c --- */

/* Takes the rules that the net has for this worker's listeners. */
void udp_faults_take(struct udp_worker *udp);

/* The rules of a listener; NULL where it has none. Once a batch. */
struct sl_fault_set *udp_faults_of(const struct udp_worker *udp, uint16_t listener);

/* Serves the batch, whose clients are found, by these rules. */
void udp_faults_serve(struct udp_worker *udp, struct sl_fault_set *set,
                      const struct sl_time *received_at);

/* epoll reported the timer: what is due leaves. */
void udp_faults_serve_due(struct udp_worker *udp);

/* At a stop: what is held is recorded, and not sent. */
void udp_faults_drain(struct udp_worker *udp);
void udp_faults_free(struct udp_faults *faults);

#endif

/* Which exchanges a reader wants: the same meaning for live memory, store, streams and exports. */
#ifndef SOCKLENS_FILTER_H
#define SOCKLENS_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/buffer.h"
#include "socklens/error.h"
#include "socklens/exchange.h"

#define SL_FILTER_LIST_MAX 16 /* of each kind in one list */

/* Beside the bits of sl_exchange.fault_bits: that no rule hit it. */
#define SL_FILTER_NO_FAULT (UINT32_C(1) << 31)

struct sl_filter_address {
    struct sl_address ip; /* its port counts only with `by_port`; AF_UNIX: every Unix peer */
    bool by_port;
};

/* Remote ends by what is known of them. */
struct sl_filter_peers {
    uint8_t client_count, address_count, port_count;
    uint16_t ports[SL_FILTER_LIST_MAX];
    struct sl_filter_address addresses[SL_FILTER_LIST_MAX];
    uint64_t clients[SL_FILTER_LIST_MAX];
};

/* Bytes of one side on the wire: none of a reply that was not sent. */
struct sl_filter_size {
    uint64_t min;
    uint64_t over; /* fewer than so many; 0: any number */
};

/* Zero-initialised it matches every exchange. */
struct sl_filter {
    uint32_t services;              /* bits 1 << enum sl_service_id; 0: any */
    uint32_t services_not;          /* none of these */
    uint32_t outcomes;              /* bits 1 << enum sl_outcome; 0: any */
    uint32_t outcomes_not;          /* none of these */
    uint32_t faults;                /* bits of sl_exchange.fault_bits, SL_FILTER_NO_FAULT; 0: any */
    uint32_t faults_not;            /* none of these */
    struct sl_filter_peers only;    /* one of each kind of which there is any */
    struct sl_filter_peers without; /* none of any kind */
    uint64_t after_seq;             /* numbers above it alone, the place where reading begins */
    bool has_after;                 /* it was said, if as 0: then reading begins with the oldest */
    int64_t since_ns;               /* received at or after; 0: any */
    int64_t until_ns;               /* received before; 0: any */
    struct sl_filter_size size;     /* of the longer side */
    struct sl_filter_size received, sent;
    struct sl_buffer text;  /* found in either side, ASCII letters in any case; empty: any */
    struct sl_buffer bytes; /* found in either side exactly; empty: any */
};

void sl_filter_deinit(struct sl_filter *filter);

/* Of a client event what the filter says of clients counts. */
bool sl_filter_match(const struct sl_filter *filter, const struct sl_record *record);

/* What it says of who sent it alone: service, client, address, port. */
bool sl_filter_match_client(const struct sl_filter *filter, enum sl_service_id service,
                            uint64_t client, const struct sl_address *peer);

/* Does it ask for the peer's address or port? */
bool sl_filter_asks_address(const struct sl_filter *filter);

/* The same filter without what is dear to look at: addresses, text and bytes. It borrows nothing.
 */
struct sl_filter sl_filter_cheap(const struct sl_filter *filter);

/* The services or outcomes that it lets through, as bits, from those it asks for and those it
 * leaves out. */
static inline uint32_t sl_filter_bits(uint32_t only, uint32_t without)
{
    return (only ? only : UINT32_MAX) & ~without;
}

/* The smallest that the longer side of a match can be. */
uint64_t sl_filter_min_size(const struct sl_filter *filter);

/* --- in words: parameters of the API, options of `socklens export` --- */

/* All there are: name; whether it takes several values, with commas between; what a value is, and
 * the member it goes to. */
#define SL_FILTER_LIST(X)                                                                          \
    X(service, true, service, services)                                                            \
    X(service_not, true, service, services_not)                                                    \
    X(client, true, client, only)                                                                  \
    X(client_not, true, client, without)                                                           \
    X(address, true, address, only)                                                                \
    X(address_not, true, address, without)                                                         \
    X(port, true, port, only)                                                                      \
    X(port_not, true, port, without)                                                               \
    X(outcome, true, outcome, outcomes)                                                            \
    X(outcome_not, true, outcome, outcomes_not)                                                    \
    X(fault, true, fault, faults)                                                                  \
    X(fault_not, true, fault, faults_not)                                                          \
    X(since, false, time, since_ns)                                                                \
    X(until, false, time, until_ns)                                                                \
    X(text, false, text, text)                                                                     \
    X(hex, false, hex, bytes)                                                                      \
    X(min_size, false, min, size)                                                                  \
    X(max_size, false, max, size)                                                                  \
    X(min_received, false, min, received)                                                          \
    X(max_received, false, max, received)                                                          \
    X(min_sent, false, min, sent)                                                                  \
    X(max_sent, false, max, sent)                                                                  \
    X(after, false, after, after_seq)

#define SL_FILTER_TERM(name, ...) SL_TERM_##name,

enum sl_filter_term { SL_TERM_NONE, SL_FILTER_LIST(SL_FILTER_TERM) SL_TERM_SEVERAL };

/* The only one of them that an exchange does not meet, or that there is none or several. */
enum sl_filter_term sl_filter_miss(const struct sl_filter *filter, const struct sl_record *record);

/* Adds to a list what `value` has for it, or sets anything else; `name` is one of the list. 0, or
 * -EINVAL or -ENOMEM with what is wrong in `error` and what would do in *allowed (constant text, or
 * NULL). */
int sl_filter_set(struct sl_filter *filter, const char *name, const char *value,
                  struct sl_error *error, const char **allowed);

#endif

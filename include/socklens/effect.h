/* What fault rules can do to a message, by name and number: a record carries the numbers of those
 * that hit it, and filters ask for them. */
#ifndef SOCKLENS_EFFECT_H
#define SOCKLENS_EFFECT_H

#include <stdbool.h>

#include "socklens/exchange.h" /* SL_LIST_CONSTANT */

#define SL_FAULT_ON_NONE      0u /* reserved: no listener takes it */
#define SL_FAULT_ON_DATAGRAMS 1u
#define SL_FAULT_ON_STREAMS   2u
#define SL_FAULT_ON_BOTH      3u

/* Constant, name, the transports that can have it. An effect's number, from 1, is part of what a
 * seed means and never changes: append only. */
#define SL_EFFECT_LIST(X)                                                                          \
    X(SL_EFFECT_LOSS, "loss", SL_FAULT_ON_DATAGRAMS)                                               \
    X(SL_EFFECT_DUPLICATE, "duplicate", SL_FAULT_ON_DATAGRAMS)                                     \
    X(SL_EFFECT_CORRUPT, "corrupt", SL_FAULT_ON_BOTH)                                              \
    X(SL_EFFECT_TRUNCATE, "truncate", SL_FAULT_ON_DATAGRAMS)                                       \
    X(SL_EFFECT_DELAY, "delay", SL_FAULT_ON_BOTH)                                                  \
    X(SL_EFFECT_REORDER, "reorder", SL_FAULT_ON_DATAGRAMS)                                         \
    X(SL_EFFECT_RATE, "rate", SL_FAULT_ON_BOTH)                                                    \
    X(SL_EFFECT_SLICE, "slice", SL_FAULT_ON_STREAMS)                                               \
    X(SL_EFFECT_JOIN, "join", SL_FAULT_ON_STREAMS)                                                 \
    X(SL_EFFECT_READ, "read", SL_FAULT_ON_STREAMS)                                                 \
    X(SL_EFFECT_CLOSE, "close", SL_FAULT_ON_STREAMS)                                               \
    X(SL_EFFECT_RESET, "reset", SL_FAULT_ON_STREAMS)                                               \
    X(SL_EFFECT_HALF_CLOSE, "half-close", SL_FAULT_ON_STREAMS)                                     \
    X(SL_EFFECT_MUTE, "mute", SL_FAULT_ON_STREAMS)                                                 \
    X(SL_EFFECT_STALL, "stall", SL_FAULT_ON_STREAMS)                                               \
    X(SL_EFFECT_ACCEPT_DELAY, "accept-delay", SL_FAULT_ON_STREAMS)                                 \
    X(SL_EFFECT_DOWN, "down", SL_FAULT_ON_NONE)

enum sl_effect { SL_EFFECT_NONE, SL_EFFECT_LIST(SL_LIST_CONSTANT) SL_EFFECT_END };

/* ", NAME" of each that a person can have: rules are for UDP listeners. */
#define SL_EFFECT_COMMA_NAMES SL_EFFECT_LIST(SL_EFFECT_COMMA_NAME)

#define SL_EFFECT_COMMA_NAME(constant, name, transports) SL_COMMA_NAME_##transports(name)
#define SL_COMMA_NAME_SL_FAULT_ON_NONE(name)
#define SL_COMMA_NAME_SL_FAULT_ON_DATAGRAMS(name) ", " name
#define SL_COMMA_NAME_SL_FAULT_ON_STREAMS(name)
#define SL_COMMA_NAME_SL_FAULT_ON_BOTH(name) ", " name

/* For who has named another one. */
extern const char *const sl_effect_names;

const char *sl_effect_name(enum sl_effect effect);

/* SL_EFFECT_NONE where there is no effect of that name. */
enum sl_effect sl_effect_parse(const char *name);

/* SL_FAULT_ON_DATAGRAMS, SL_FAULT_ON_STREAMS or both; SL_FAULT_ON_NONE also of SL_EFFECT_NONE. */
unsigned sl_effect_transports(enum sl_effect effect);

/* True where a connection is hit, not a message. */
bool sl_effect_is_of_connections(enum sl_effect effect);

#endif

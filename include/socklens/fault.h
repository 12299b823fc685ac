/* Fault rules: what is done on purpose to the messages of a listener, as text and as numbers.
 *
 *   rule      := EFFECT parameter* [selection] option*
 *   selection := "always" | 30% | 4/11 | "every" N | "first" N | "at" LIST | "burst" PERCENT LENGTH
 *
 * Parsing and formatting are pure: no clock, no randomness, no allocation. The grammar for people
 * is in docs/faults.md. */
#ifndef SOCKLENS_FAULT_H
#define SOCKLENS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/buffer.h"
#include "socklens/effect.h"

/* What a client sent, and what it gets. */
enum sl_fault_side { SL_SIDE_RECEIVED, SL_SIDE_SENT, SL_SIDE_COUNT };

/* Who shares one numbering of messages. */
enum sl_fault_scope { SL_PER_ADDRESS, SL_PER_CLIENT, SL_PER_LISTENER };

enum sl_selection {
    SL_SELECT_ALWAYS,
    SL_SELECT_SHARE,
    SL_SELECT_EVERY,
    SL_SELECT_FIRST,
    SL_SELECT_AT,
    SL_SELECT_BURST,
};

enum sl_fault_after { SL_AFTER_ACCEPT, SL_AFTER_MESSAGES, SL_AFTER_BYTES, SL_AFTER_TIME };

enum sl_fault_client { SL_CLIENT_ANY, SL_CLIENT_NETWORK, SL_CLIENT_ENDPOINT, SL_CLIENT_ID };

enum sl_fault_content { SL_CONTENT_ANY, SL_CONTENT_STARTS, SL_CONTENT_CONTAINS, SL_CONTENT_HEX };

#define SL_FAULT_NAME_SIZE   33  /* [a-z0-9][a-z0-9-]{0,31} and its NUL */
#define SL_FAULT_AT_MAX      64  /* items of a list */
#define SL_FAULT_CONTENT_MAX 64  /* bytes to compare with */
#define SL_FAULT_RULE_MAX    256 /* bytes of a rule's text */
#define SL_FAULT_SEED_MAX    ((UINT64_C(1) << 53) - 1)
#define SL_FAULT_PPM         1000000u
#define SL_FAULT_TEXT_SIZE   512 /* holds every canonical text and its NUL */

struct sl_rule {
    char name[SL_FAULT_NAME_SIZE]; /* "": none was given */
    uint8_t effect;                /* enum sl_effect */
    uint8_t on;                    /* bit 1 << enum sl_fault_side */
    uint8_t per;                   /* enum sl_fault_scope */
    bool off;

    /* What the effect needs; zero where it has none of it. */
    bool normal;       /* delay: the jitter is normally distributed */
    uint8_t after;     /* enum sl_fault_after, of close, reset and half-close */
    uint64_t count;    /* bytes, bits, copies or messages; of `after` messages, bytes or ns */
    int64_t time_ns;   /* delay, gap, within, join, stall, accept-delay; stall: 0 is for ever */
    int64_t jitter_ns; /* delay */
    uint64_t rate_bps; /* rate: bits a second */
    uint64_t queue;    /* rate: bytes that may wait */

    uint8_t selection; /* enum sl_selection */
    uint32_t ppm;      /* share, and where a burst begins: parts per million */
    uint32_t of; /* a share that was given as N/M: its M, and `share` its N; 0: a percentage */
    uint32_t share;
    uint64_t every; /* N of every and first; mean length of a burst */
    uint8_t at_count;
    struct {
        uint64_t first, last;
    } at[SL_FAULT_AT_MAX];

    uint64_t skip, max_run; /* 0: none */
    int64_t for_ns;         /* 0: no end */

    uint8_t client; /* enum sl_fault_client */
    uint8_t prefix; /* bits of `address` */
    struct sl_address address;
    uint64_t client_id;

    uint8_t content; /* enum sl_fault_content */
    uint8_t content_size;
    uint8_t bytes[SL_FAULT_CONTENT_MAX];
    uint8_t mask[SL_FAULT_CONTENT_MAX]; /* 0 where any byte is right */

    bool has_seed;
    uint64_t seed;
};

/* Why a text is no rule. */
struct sl_rule_error {
    char detail[256];    /* names the word, and the nearest right one where there is one */
    const char *allowed; /* what would be right there; static, or NULL */
};

/* Parses one rule, without the listener's name: 0, or -EINVAL with `error` filled. A rule that
 * draws and names no seed gets `seed`. */
int sl_rule_parse(const char *text, uint64_t seed, struct sl_rule *rule,
                  struct sl_rule_error *error);

/* Whether a listener of these transports (one of SL_FAULT_ON_DATAGRAMS and SL_FAULT_ON_STREAMS) can
 * have the rule: 0, or -ENOTSUP with a sentence that says why not. */
int sl_rule_check(const struct sl_rule *rule, unsigned transport, struct sl_rule_error *error);

/* The canonical text: options in the order of the grammar, no defaults, the seed of each rule that
 * draws. It parses to the same rule. `name` and `off` are left out: both change without changing
 * what the rule does. Returns the length. */
size_t sl_rule_format(const struct sl_rule *rule, char text[SL_FAULT_TEXT_SIZE]);

/* True where the seed makes a difference. */
bool sl_rule_draws(const struct sl_rule *rule);

/* What "on" and "per" say: received, sent, both; address, client, listener. */
const char *sl_rule_on_name(const struct sl_rule *rule);
const char *sl_rule_per_name(const struct sl_rule *rule);

/* [a-z0-9][a-z0-9-]{0,31} */
bool sl_rule_is_name(const char *name);

#endif

/* The rules of one listener at work: which of them hit a message, and what they did to it.
 *
 * A rule with its counters is shared by all sets that hold it, so that a set can be replaced while
 * the numbering of the rules that stay goes on. A set never changes. Both are counted references,
 * and free themselves with the last one. All functions may be called from any thread. */
#ifndef SOCKLENS_FAULT_SET_H
#define SOCKLENS_FAULT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/fault.h"

#define SL_FAULTS_PER_LISTENER 16u
#define SL_FATES_MAX           1000u

struct sl_fault_rule;
struct sl_fault_set;

/* A rule that begins at its first message; `name` is a valid one. NULL: no memory. */
struct sl_fault_rule *sl_fault_rule_new(const struct sl_rule *rule, const char *name);
struct sl_fault_rule *sl_fault_rule_ref(struct sl_fault_rule *rule);
void sl_fault_rule_unref(struct sl_fault_rule *rule); /* NULL: nothing */

const struct sl_rule *sl_fault_rule_get(const struct sl_fault_rule *rule);
const char *sl_fault_rule_name(const struct sl_fault_rule *rule);
const char *sl_fault_rule_text(const struct sl_fault_rule *rule); /* canonical */

struct sl_fault_stats {
    uint64_t looked_at, hits;
    uint64_t scopes, scopes_forgotten; /* numberings that are kept; that had to give way */
    char next[21];                     /* the coming fates of the scope seen last; "": none yet */
};

void sl_fault_rule_stats(struct sl_fault_rule *rule, struct sl_fault_stats *stats);

/* A rule's place in a set. */
struct sl_fault_entry {
    struct sl_fault_rule *rule;
    bool enabled;       /* one that is not keeps its place */
    int64_t ends_at_ns; /* monotonic; 0: never */
};

/* A set of at most SL_FAULTS_PER_LISTENER, with references of its own. NULL: no memory. */
struct sl_fault_set *sl_fault_set_new(const struct sl_fault_entry *entries, size_t count);
struct sl_fault_set *sl_fault_set_ref(struct sl_fault_set *set);
void sl_fault_set_unref(struct sl_fault_set *set); /* NULL: nothing */

/* What is judged. */
struct sl_fault_look {
    enum sl_fault_side side;
    const struct sl_address *peer;
    uint64_t client;
    const uint8_t *bytes;
    size_t size;
    int64_t now_ns; /* monotonic */
};

struct sl_fault_hit {
    struct sl_fault_rule *rule; /* the set's: holds as long as that */
    uint64_t n;                 /* the message's number in its scope, from 1 */
    uint64_t draw;              /* of the selection, where it has one */
    uint8_t nth;                /* the rule's place among those of its effect and side */
    uint8_t side;               /* enum sl_fault_side */
    uint64_t scope;             /* whose numbering it is; no number for people */
};

/* The rules that hit one message on one side, in the order in which their effects apply: loss,
 * truncate, corrupt, duplicate, delay, rate, reorder, then those of connections. */
struct sl_fate {
    unsigned count;
    struct sl_fault_hit hits[SL_FAULTS_PER_LISTENER];
};

/* Counts the message with every rule that looks at it. False, and no hits, where none hits it. */
bool sl_fault_judge(const struct sl_fault_set *set, const struct sl_fault_look *look,
                    struct sl_fate *fate);

/* How long a delay rule holds one copy (0: the message itself), ns. */
int64_t sl_fault_delay_ns(const struct sl_fault_hit *hit, unsigned copy);

/* When a message of `size` bytes leaves that a rate rule paces and that could leave at `ready_ns`
 * (monotonic): messages of one scope leave one after another, at the rule's rate. False where more
 * than the rule's queue would wait: the message is lost. */
bool sl_fault_pace(const struct sl_fault_hit *hit, size_t size, int64_t ready_ns, int64_t *due_ns);

/* One byte that a corrupt rule changed. */
struct sl_fault_change {
    size_t at;
    uint8_t was, is;
};

/* Flips the bits of one copy in place, and gives the first `max` changes. Returns how many there
 * are; 0 where `size` is. */
unsigned sl_fault_corrupt(const struct sl_fault_hit *hit, unsigned copy, uint8_t *bytes,
                          size_t size, struct sl_fault_change *changes, unsigned max);

/* The fates of messages 1 to `count` (at most SL_FATES_MAX) under the rule alone, as the nth of its
 * effect: "x" for a hit and "." for none, with a NUL behind. Returns the number of hits. */
size_t sl_rule_fates(const struct sl_rule *rule, unsigned nth, size_t count, char *text);

#endif

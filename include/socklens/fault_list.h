/* The rules of all listeners: what settings and the API change, and what the workers get.
 *
 * Each change takes effect as a whole or not at all. Functions that can fail return 0 or a negative
 * errno with `error` filled: -EINVAL for a rule that does not parse, -ENOENT for a listener or a
 * rule that there is not, -ENOTSUP for an effect that the transport cannot have, -EEXIST for a name
 * that is taken, -ENOSPC over a limit, -ENOMEM. Any thread. */
#ifndef SOCKLENS_FAULT_LIST_H
#define SOCKLENS_FAULT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/fault_set.h"

#define SL_FAULTS_MAX 64u /* rules, of all listeners together */

/* A listener that can have rules. */
struct sl_fault_listener {
    char name[SL_FAULT_NAME_SIZE];
    unsigned transport; /* SL_FAULT_ON_DATAGRAMS; 0: no rule can be for it */
};

/* Gets the new rules of a listener (NULL: none) after each change; takes a reference where it keeps
 * them. Called under the list's lock. */
typedef void sl_fault_publish(void *context, const char *listener, struct sl_fault_set *set);

/* For a rule that draws and names no seed: short, since people type it. */
uint64_t sl_fault_draw_seed(void);

struct sl_fault_list;

/* Copies `listeners`. NULL: no memory. */
struct sl_fault_list *sl_fault_list_new(const struct sl_fault_listener *listeners, size_t count,
                                        sl_fault_publish *publish, void *context);
void sl_fault_list_free(struct sl_fault_list *list);

/* Adds a rule under a name (NULL: the one in its text, or else its effect's, with a number where
 * that is taken), and gives its name. */
int sl_fault_list_add(struct sl_fault_list *list, const char *listener, const char *text,
                      const char *name, char made[SL_FAULT_NAME_SIZE], struct sl_rule_error *error);

/* The rules of a scenario, after those that are there. */
int sl_fault_list_add_scenario(struct sl_fault_list *list, const char *listener,
                               const char *scenario, uint64_t seed, bool has_seed,
                               struct sl_rule_error *error);

/* Replaces all rules by these lines, "LISTENER RULE" each; empty ones and those that begin with #
 * are left out. `line` gets the number of the one at fault, from 1. */
int sl_fault_list_replace(struct sl_fault_list *list, const char *lines, unsigned *line,
                          struct sl_rule_error *error);

/* What a change does to a rule; what is not chosen stays. */
struct sl_fault_change_request {
    bool has_enabled, enabled;
    bool restart;     /* numbering begins anew */
    const char *text; /* another rule in its place, which begins anew; NULL: the same */
};

int sl_fault_list_change(struct sl_fault_list *list, const char *name,
                         const struct sl_fault_change_request *change, struct sl_rule_error *error);
int sl_fault_list_remove(struct sl_fault_list *list, const char *name, struct sl_rule_error *error);
void sl_fault_list_clear(struct sl_fault_list *list);

/* A rule as it is now. */
struct sl_fault_view {
    char name[SL_FAULT_NAME_SIZE], listener[SL_FAULT_NAME_SIZE];
    char text[SL_FAULT_TEXT_SIZE];
    bool enabled; /* and its time is not over */
    struct sl_rule rule;
    int64_t since_ns, ends_at_ns; /* wall clock; ends_at_ns 0: never */
    struct sl_fault_stats stats;
};

/* All of them in their order; `views` has room for SL_FAULTS_MAX. Returns their number. */
size_t sl_fault_list_read(struct sl_fault_list *list, struct sl_fault_view *views);

/* One of them; false where there is none of that name. */
bool sl_fault_list_get(struct sl_fault_list *list, const char *name, struct sl_fault_view *view);

#endif

/* The fault rules of a running server: from the settings to the workers. */
#ifndef SOCKLENS_APP_FAULTS_H
#define SOCKLENS_APP_FAULTS_H

#include "socklens/config.h"
#include "socklens/fault_list.h"
#include "socklens/net.h"

struct sl_faults;

/* Rules of the settings for the listeners that `net` has; they precede the first message where this
 * is before the start. NULL with `error` set on failure. Net and registry must outlive it. */
struct sl_faults *sl_faults_new(struct sl_net *net, const struct sl_registry *registry,
                                const struct sl_config *config, struct sl_error *error);

/* After SIGHUP: replaces all rules where the settings have other ones than when they were read
 * last; otherwise what was changed over the API stays. A failure is logged, and all stays as it is.
 */
void sl_faults_reload(struct sl_faults *faults, const struct sl_config *config, struct sl_log *log);

/* The list that the API changes; NULL for NULL. */
struct sl_fault_list *sl_faults_list(const struct sl_faults *faults);
void sl_faults_free(struct sl_faults *faults); /* NULL is fine */

#endif

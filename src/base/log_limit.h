/* How many lines of each kind the log takes, and what is held back of the others. */
#ifndef SOCKLENS_BASE_LOG_LIMIT_H
#define SOCKLENS_BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/log.h"

#define SL_LOG_MESSAGE_MAX 1024 /* bytes; longer ones are cut */
#define SL_LOG_KINDS       32   /* as many are told apart; more share the limit of the last */

struct sl_log_kind {
    const char *format; /* NULL: free */
    int64_t full_at_ns; /* of the generic cell rate algorithm */
    uint64_t held;      /* lines since the last that was written */
    enum sl_log_level level;
    size_t size;
    char last[SL_LOG_MESSAGE_MAX]; /* of those held */
};

struct sl_log_limit {
    struct sl_log_kind kinds[SL_LOG_KINDS];
};

/* True where a line of that kind may be written at once; else it is held. */
bool sl_log_limit_admit(struct sl_log_limit *limit, const char *format, enum sl_log_level level,
                        const char *message, size_t size, int64_t now_ns);

/* A kind of which lines are held that may be written now (at any time with `all`), else NULL. The
 * caller writes its last line and the number, and sets `held` to 0. */
struct sl_log_kind *sl_log_limit_take(struct sl_log_limit *limit, int64_t now_ns, bool all);

/* When sl_log_limit_take has something; INT64_MAX: never, as nothing is held. */
int64_t sl_log_limit_due_ns(const struct sl_log_limit *limit);

#endif

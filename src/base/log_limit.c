/* Limits how many lines of one kind reach the log, so that no peer can fill a disk with them. A
 * kind is a format string: its address is the key. */
#include "base/log_limit.h"

#include <string.h>

#include "socklens/clock.h"

#define INTERVAL_NS SL_NS_PER_S
#define BURST_NS    (SL_LOG_BURST * INTERVAL_NS)

static struct sl_log_kind *find_kind(struct sl_log_limit *limit, const char *format)
{
    size_t i = 0;

    while (i < SL_LOG_KINDS - 1 && limit->kinds[i].format && limit->kinds[i].format != format)
        i++;
    limit->kinds[i].format = format;
    return &limit->kinds[i];
}

/* When the kind's next line may be written. */
static int64_t free_at_ns(const struct sl_log_kind *kind)
{
    return kind->full_at_ns + INTERVAL_NS - BURST_NS;
}

static void spend(struct sl_log_kind *kind, int64_t now_ns)
{
    int64_t from_ns = kind->full_at_ns > now_ns ? kind->full_at_ns : now_ns;

    kind->full_at_ns = from_ns + INTERVAL_NS;
}

bool sl_log_limit_admit(struct sl_log_limit *limit, const char *format, enum sl_log_level level,
                        const char *message, size_t size, int64_t now_ns)
{
    struct sl_log_kind *kind = find_kind(limit, format);

    if (kind->held == 0 && free_at_ns(kind) <= now_ns) {
        spend(kind, now_ns);
        return true;
    }
    kind->held++;
    kind->level = level;
    kind->size = size;
    memcpy(kind->last, message, size);
    return false;
}

struct sl_log_kind *sl_log_limit_take(struct sl_log_limit *limit, int64_t now_ns, bool all)
{
    for (size_t i = 0; i < SL_LOG_KINDS; i++) {
        struct sl_log_kind *kind = &limit->kinds[i];

        if (kind->held > 0 && (all || free_at_ns(kind) <= now_ns)) {
            spend(kind, now_ns);
            return kind;
        }
    }
    return NULL;
}

int64_t sl_log_limit_due_ns(const struct sl_log_limit *limit)
{
    int64_t due_ns = INT64_MAX;

    for (size_t i = 0; i < SL_LOG_KINDS; i++) {
        const struct sl_log_kind *kind = &limit->kinds[i];

        if (kind->held > 0 && free_at_ns(kind) < due_ns)
            due_ns = free_at_ns(kind);
    }
    return due_ns;
}

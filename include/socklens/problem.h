/* What went wrong with a request, as RFC 9457 "problem details". */
#ifndef SOCKLENS_PROBLEM_H
#define SOCKLENS_PROBLEM_H

#include <stddef.h>
#include <stdint.h>

#include "socklens/buffer.h"
#include "socklens/text.h"

/* Where nothing says better when a request would be answered. */
#define SL_RETRY_AFTER_S 5

#define SL_PROBLEM_NEAR      3
#define SL_PROBLEM_NEAR_SIZE 240

struct sl_problem {
    unsigned status;        /* 0: none */
    unsigned retry_after_s; /* with 429 and 503; 0: SL_RETRY_AFTER_S */
    const char *param; /* the parameter or member at fault, or NULL; constant text or from us */
    char detail[320];  /* one sentence for a person */
    char allowed[480]; /* what would do; "" where that says nothing */
    char unknown[64];  /* keeps a name that came from the client, for `param` to point to */
    char near[SL_PROBLEM_NEAR][SL_PROBLEM_NEAR_SIZE]; /* what nearly did; "": no more of these */
    uint64_t oldest_seq; /* with 410: the oldest message still there; else 0 */
};

/* Fills `problem` and returns `status`. `param` and `allowed` may be NULL. */
__attribute__((format(printf, 5, 6))) unsigned sl_problem_set(struct sl_problem *problem,
                                                              unsigned status, const char *param,
                                                              const char *allowed,
                                                              const char *format, ...);

/* The same where `param` is a name that the client sent. */
__attribute__((format(printf, 5, 6))) unsigned
sl_problem_set_unknown(struct sl_problem *problem, unsigned status, const char *param,
                       const char *allowed, const char *format, ...);

/* Appends the JSON document. 0 or -ENOMEM. */
int sl_problem_write(const struct sl_problem *problem, struct sl_buffer *out);

/* The statuses that are answered here, numbered; 500 stands for any other. */
#define SL_STATUS_COUNT 24
size_t sl_status_index(unsigned status);
unsigned sl_status_at(size_t index);

#endif

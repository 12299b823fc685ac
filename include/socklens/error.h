/* A start-up or configuration error as one line for a person: what, where, why, what to do.
 *
 * Functions that can fail for a reason a person must read take a `struct sl_error *` (never NULL)
 * as last parameter, write to it only on failure, and return a negative errno. */
#ifndef SOCKLENS_ERROR_H
#define SOCKLENS_ERROR_H

struct sl_error {
    char text[512];
};

/* Formats `text` (cut to fit, always terminated) and returns `code`, a negative errno, so that
 * `return sl_error_set(error, -EINVAL, "...")` reads as one step. */
__attribute__((format(printf, 3, 4))) int sl_error_set(struct sl_error *error, int code,
                                                       const char *format, ...);

/* Puts "PLACE: " before the text: the option that it is about, say. `place` is short. */
void sl_error_prefix(struct sl_error *error, const char *place);

#endif

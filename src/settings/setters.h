/* From text to a field of struct sl_config: what the rows of the option table point to.
 *
 * Each returns 0, -EINVAL with an error that quotes the text and says what is allowed, or -ENOMEM.
 * `field` has the type that the name says. */
#ifndef SOCKLENS_SETTINGS_SETTERS_H
#define SOCKLENS_SETTINGS_SETTERS_H

#include "settings/options.h"

#define SL_SETTER(name)                                                                            \
    int sl_set_##name(const struct sl_option *option, void *field, const char *text,               \
                      struct sl_error *error)

SL_SETTER(flag);       /* bool */
SL_SETTER(number);     /* uint64_t within min and max */
SL_SETTER(size);       /* uint64_t within min and max; K, M, G, T are powers of 1024 */
SL_SETTER(time);       /* int64_t nanoseconds within min and max */
SL_SETTER(text);       /* char *, not empty */
SL_SETTER(choice);     /* an enumeration: the index in `choices` */
SL_SETTER(endpoint);   /* struct sl_endpoint_list: one more, or "none" */
SL_SETTER(name);       /* struct sl_name_list: one more */
SL_SETTER(host);       /* the same, of hosts without port; brackets are taken off */
SL_SETTER(target);     /* the same, and each is what sl_target_parse takes */
SL_SETTER(fault);      /* the same, and each is a listener's name and a rule for it */
SL_SETTER(web_origin); /* the same, of what sl_web_origin_parse makes of each */

void sl_clear_text(void *field);
void sl_clear_endpoints(void *field);
void sl_clear_names(void *field);

#endif

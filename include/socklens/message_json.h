/* The JSON shape of a message, for every place that shows one: lists, event streams, exports. */
#ifndef SOCKLENS_MESSAGE_JSON_H
#define SOCKLENS_MESSAGE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "socklens/exchange.h"
#include "socklens/json.h"

/* Writes one exchange as an object. `listener` is the name of its listener, NULL where nobody knows
 * it any more. Memory errors: see json.h. */
void sl_message_json(struct sl_json *json, const struct sl_record *record, const char *listener);

/* The same with the run that has recorded it; "" where nobody knows it. */
void sl_message_json_with_run(struct sl_json *json, const struct sl_record *record,
                              const char *listener, const char *run);

/* Writes one side: {"size","stored_size","truncated","text","base64"}. `stored` bytes stand at
 * `bytes`, `size` were on the wire. A text that was cut within a character ends before it. */
void sl_payload_json(struct sl_json *json, const uint8_t *bytes, size_t stored, uint64_t size);

/* Writes an address as a string. */
void sl_address_json(struct sl_json *json, const struct sl_address *address);

#endif

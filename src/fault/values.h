/* The values in a rule's text. Each function is false, with its result undefined, where the text is
 * no such value. */
#ifndef SOCKLENS_FAULT_VALUES_H
#define SOCKLENS_FAULT_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/fault.h"

/* Decimal digits, up to 10^19. */
bool value_parse_number(const char *text, uint64_t *number);

/* "30%", "0.5%": to parts per million, rounded half up. */
bool value_parse_percent(const char *text, uint32_t *ppm);

/* "4/11": to the rule's share, of and ppm. */
bool value_parse_fraction(const char *text, struct sl_rule *rule);

/* "750kbit", "1.5Mbit/s", "64kB/s", from 8 bit/s to 10 Gbit/s: to bits a second. */
bool value_parse_rate(const char *text, uint64_t *bps);

/* "50 49 ??" or "5049??": to the rule's bytes and mask. */
bool value_parse_hex(const char *text, struct sl_rule *rule);

/* A CIDR network, an address, an address with a port, or a client's number: to the rule's client.
 * Changes `text`. */
bool value_parse_client(char *text, struct sl_rule *rule);

#endif

/* Addresses stand in the file as people write them. */
#ifndef STORE_ADDRESS_TEXT_H
#define STORE_ADDRESS_TEXT_H

#include "socklens/address.h"

/* What sl_address_format wrote, numbers only; SL_ADDRESS_NONE where it is not such a text. A scope
 * ("%eth0") that this machine does not have is left out. */
struct sl_address sl_address_text_parse(const char *text);

#endif

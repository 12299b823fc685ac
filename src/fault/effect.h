/* What the parser and the checks know of an effect. */
#ifndef SOCKLENS_FAULT_EFFECT_H
#define SOCKLENS_FAULT_EFFECT_H

#include "socklens/fault.h"

/* For who has named another one. */
extern const char sl_effect_names[];

/* SL_FAULT_ON_DATAGRAMS, SL_FAULT_ON_STREAMS or both. */
unsigned effect_transports(enum sl_effect effect);

/* True where a connection is hit, not a message. */
bool effect_is_of_connections(enum sl_effect effect);

#endif

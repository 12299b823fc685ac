/* The effects: their names, and which transports can have them. */
#include "socklens/effect.h"

#include <stddef.h>
#include <string.h>

#define ROW(constant, name, transports) [constant] = {name, transports},

static const struct {
    const char *name;
    unsigned transports;
} effects[SL_EFFECT_END] = {SL_EFFECT_LIST(ROW)};

const char *const sl_effect_names = &SL_EFFECT_COMMA_NAMES[2];

const char *sl_effect_name(enum sl_effect effect)
{
    return effect > SL_EFFECT_NONE && effect < SL_EFFECT_END ? effects[effect].name : NULL;
}

enum sl_effect sl_effect_parse(const char *name)
{
    for (int i = SL_EFFECT_NONE + 1; i < SL_EFFECT_END; i++) {
        if (strcmp(effects[i].name, name) == 0)
            return (enum sl_effect)i;
    }
    return SL_EFFECT_NONE;
}

unsigned sl_effect_transports(enum sl_effect effect)
{
    return effects[effect].transports;
}

bool sl_effect_is_of_connections(enum sl_effect effect)
{
    return effects[effect].transports == SL_FAULT_ON_STREAMS;
}

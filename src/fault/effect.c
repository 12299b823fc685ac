/* The effects: their names, and which transports can have them. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fault/effect.h"

#define ROW(constant, name, transports) [constant] = {name, transports},

static const struct {
    const char *name;
    unsigned transports;
} effects[SL_EFFECT_END] = {SL_EFFECT_LIST(ROW)};

/* What a person can have: rules are for UDP listeners. */
const char sl_effect_names[] = "loss, duplicate, corrupt, truncate, delay, reorder, rate";

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

unsigned effect_transports(enum sl_effect effect)
{
    return effects[effect].transports;
}

bool effect_is_of_connections(enum sl_effect effect)
{
    return effects[effect].transports == SL_FAULT_ON_STREAMS;
}

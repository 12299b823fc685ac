/* Draws by counting: the n-th message's draw is a hash of seed and n, so it depends on no state,
 * and any message's fate can be computed without those before it. The mixing function is
 * SplitMix64's (Steele, Lea and Flood, 2014). All arithmetic is in integers, so it is equal
 * everywhere. */
#include "fault/draw.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static uint64_t draw_mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The upper half of draw * range. */
static uint64_t draw_scale(uint64_t draw, uint64_t range)
{
    return (uint64_t)((unsigned __int128)draw * range >> 64);
}

uint64_t fault_draw(const struct draw_source *source, uint64_t which)
{
    uint64_t z = draw_mix(source->seed + GOLDEN);

    z = draw_mix(z + ((uint64_t)source->effect << 16 | (uint64_t)source->side << 8 | source->nth));
    z = draw_mix(z + source->n);
    return draw_mix(z + which);
}

bool fault_draw_is_below(uint64_t draw, uint32_t ppm)
{
    return (draw >> 32) * SL_FAULT_PPM >> 32 < ppm;
}

int64_t fault_draw_delay(const struct sl_rule *rule, const struct draw_source *source,
                         unsigned copy)
{
    uint64_t first = DRAW_EFFECT + DRAW_COPY * (uint64_t)copy;
    __int128 sum = 0;

    if (rule->jitter_ns == 0)
        return rule->time_ns;
    if (!rule->normal)
        return rule->time_ns - rule->jitter_ns +
               (int64_t)draw_scale(fault_draw(source, first), 2 * (uint64_t)rule->jitter_ns + 1);
    /* The sum of twelve uniform draws has variance 1. */
    for (unsigned i = 0; i < 12; i++)
        sum += (int64_t)(fault_draw(source, first + i) >> 32);
    sum = (sum - (INT64_C(6) << 32)) * rule->jitter_ns >> 32;
    return rule->time_ns + (int64_t)sum > 0 ? rule->time_ns + (int64_t)sum : 0;
}

void fault_draw_bit(const struct draw_source *source, unsigned copy, unsigned bit, size_t size,
                    size_t *at, uint8_t *mask)
{
    uint64_t first = DRAW_EFFECT + DRAW_COPY * (uint64_t)copy + 2 * (uint64_t)bit;

    *at = (size_t)draw_scale(fault_draw(source, first), size);
    *mask = (uint8_t)(1u << (fault_draw(source, first + 1) & 7));
}

/* Selection: from the numbering of messages to hits. */
#include "fault/select.h"

static bool select_at(const struct sl_rule *rule, uint64_t n)
{
    for (unsigned i = 0; i < rule->at_count; i++) {
        if (n >= rule->at[i].first && n <= rule->at[i].last)
            return true;
    }
    return false;
}

/* Simple Gilbert model: a burst begins with the rule's share, and ends with 1/length after each of
 * its hits. */
static bool select_burst(const struct sl_rule *rule, struct select_count *count,
                         const struct draw_source *source, uint64_t draw)
{
    uint32_t end_ppm = (uint32_t)((2 * SL_FAULT_PPM + rule->every) / (2 * rule->every));

    if (!count->in_burst && !fault_draw_is_below(draw, rule->ppm))
        return false;
    count->in_burst = !fault_draw_is_below(fault_draw(source, DRAW_BURST_END), end_ppm);
    return true;
}

static bool select_one(const struct sl_rule *rule, struct select_count *count,
                       const struct draw_source *source, uint64_t *draw)
{
    switch ((enum sl_selection)rule->selection) {
    case SL_SELECT_SHARE:
        *draw = fault_draw(source, DRAW_SELECT);
        return fault_draw_is_below(*draw, rule->ppm);
    case SL_SELECT_EVERY:
        return source->n % rule->every == 0;
    case SL_SELECT_FIRST:
        return source->n <= rule->every;
    case SL_SELECT_AT:
        return select_at(rule, source->n);
    case SL_SELECT_BURST:
        *draw = fault_draw(source, DRAW_SELECT);
        return select_burst(rule, count, source, *draw);
    case SL_SELECT_ALWAYS:
        break;
    }
    return true;
}

bool fault_select(const struct sl_rule *rule, struct select_count *count,
                  struct draw_source *source, uint64_t *draw)
{
    bool hit;

    *draw = 0;
    count->looks++;
    source->n = count->looks > rule->skip ? count->looks - rule->skip : 0;
    if (source->n == 0)
        return false;
    hit = select_one(rule, count, source, draw);
    if (hit && rule->max_run && count->run >= rule->max_run)
        hit = false;
    count->run = hit ? count->run + (count->run < UINT32_MAX) : 0;
    return hit;
}

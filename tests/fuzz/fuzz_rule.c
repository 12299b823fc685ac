/* The language of fault rules, and judging by what it gives: whatever parses has a canonical text
 * that means the same, and judges any message. */
#include "fuzz.h"

#include "socklens/fault_set.h"

static void check_canonical(const struct sl_rule *rule)
{
    char text[SL_FAULT_TEXT_SIZE], again[SL_FAULT_TEXT_SIZE];
    struct sl_rule_error error;
    struct sl_rule same;

    demand(sl_rule_format(rule, text) < sizeof(text) - 1);
    demand(sl_rule_parse(text, 1, &same, &error) == 0);
    sl_rule_format(&same, again);
    demand(strcmp(text, again) == 0);
}

static void check_judging(const struct sl_rule *rule, const uint8_t *data, size_t size)
{
    static const struct sl_address peer = {.family = AF_INET, .port = 5000, .ip = {192, 0, 2, 1}};
    struct sl_fault_rule *made = sl_fault_rule_new(rule, "x");
    struct sl_fault_entry entry = {.rule = made, .enabled = true};
    struct sl_fault_set *set = made ? sl_fault_set_new(&entry, 1) : NULL;
    struct sl_fate fate;

    demand(set != NULL);
    for (unsigned i = 0; i < 4; i++) {
        struct sl_fault_look look = {.side = i % 2 ? SL_SIDE_SENT : SL_SIDE_RECEIVED,
                                     .peer = &peer,
                                     .client = 1,
                                     .bytes = data,
                                     .size = size,
                                     .now_ns = 1};

        if (!sl_fault_judge(set, &look, &fate))
            continue;
        demand(fate.count == 1 && fate.hits[0].n > 0);
        demand(sl_fault_delay_ns(&fate.hits[0], i) >= 0);
    }
    sl_fault_set_unref(set);
    sl_fault_rule_unref(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct sl_rule_error error;
    struct sl_rule rule;

    if (sl_rule_parse(text, 1, &rule, &error) < 0) {
        demand(*error.detail);
    } else {
        check_canonical(&rule);
        check_judging(&rule, data, size);
    }
    free(text);
    return 0;
}

/* Rule to canonical text: parsing it gives the same rule. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault/words.h"
#include "socklens/clock.h"
#include "socklens/fault.h"

struct text {
    char *bytes;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
                                                           ...)
{
    size_t room = SL_FAULT_TEXT_SIZE - text->size;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text->bytes + text->size, room, format, arguments);
    va_end(arguments);
    text->size += size < 0 ? 0 : (size_t)size < room ? (size_t)size : room - 1;
}

/* In the largest unit that needs no decimals. */
static void text_add_time(struct text *text, const char *before, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{3600 * SL_NS_PER_S, "h"}, {60 * SL_NS_PER_S, "m"}, {SL_NS_PER_S, "s"},
                 {SL_NS_PER_MS, "ms"},      {SL_NS_PER_US, "us"},    {1, "ns"}};
    size_t i = 0;

    while (ns % units[i].ns != 0)
        i++;
    text_add(text, " %s%" PRId64 "%s", before, ns == 0 ? 0 : ns / units[i].ns,
             ns == 0 ? "s" : units[i].name);
}

static void text_add_rate(struct text *text, uint64_t bps)
{
    static const struct {
        uint64_t bits;
        const char *name;
    } units[] = {{1000000000, "Gbit/s"}, {1000000, "Mbit/s"}, {1000, "kbit/s"}, {1, "bit/s"}};
    size_t i = 0;

    while (bps % units[i].bits != 0)
        i++;
    text_add(text, " %" PRIu64 "%s", bps / units[i].bits, units[i].name);
}

static void text_add_percent(struct text *text, uint32_t ppm)
{
    char decimals[8];
    size_t size = (size_t)snprintf(decimals, sizeof(decimals), "%04" PRIu32, ppm % 10000);

    while (size > 0 && decimals[size - 1] == '0')
        decimals[--size] = '\0';
    text_add(text, "%" PRIu32 "%s%s%%", ppm / 10000, size ? "." : "", decimals);
}

static void text_add_quoted(struct text *text, const uint8_t *bytes, size_t size)
{
    text_add(text, "\"");
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\')
            text_add(text, "\\%c", bytes[i]);
        else if (bytes[i] >= 0x20 && bytes[i] < 0x7f)
            text_add(text, "%c", bytes[i]);
        else
            text_add(text, "\\x%02x", bytes[i]);
    }
    text_add(text, "\"");
}

static void text_add_parameters(struct text *text, const struct sl_rule *rule)
{
    switch ((enum sl_effect)rule->effect) {
    case SL_EFFECT_DUPLICATE:
    case SL_EFFECT_CORRUPT:
    case SL_EFFECT_REORDER:
        if (rule->count != 1)
            text_add(text, " %" PRIu64, rule->count);
        break;
    case SL_EFFECT_TRUNCATE:
    case SL_EFFECT_SLICE:
    case SL_EFFECT_READ:
        text_add(text, " %" PRIu64, rule->count);
        break;
    case SL_EFFECT_DELAY:
    case SL_EFFECT_JOIN:
    case SL_EFFECT_ACCEPT_DELAY:
        text_add_time(text, "", rule->time_ns);
        break;
    case SL_EFFECT_STALL:
        if (rule->time_ns)
            text_add_time(text, "", rule->time_ns);
        break;
    case SL_EFFECT_RATE:
        text_add_rate(text, rule->rate_bps);
        break;
    default:
        break;
    }
}

/* The parameters that have a keyword. */
static void text_add_more_parameters(struct text *text, const struct sl_rule *rule)
{
    if (rule->effect == SL_EFFECT_DELAY && rule->jitter_ns)
        text_add_time(text, "jitter ", rule->jitter_ns);
    if (rule->normal)
        text_add(text, " normal");
    if (rule->effect == SL_EFFECT_DUPLICATE && rule->time_ns)
        text_add_time(text, "gap ", rule->time_ns);
    if (rule->effect == SL_EFFECT_SLICE && rule->time_ns != 20 * SL_NS_PER_MS)
        text_add_time(text, "gap ", rule->time_ns);
    if (rule->effect == SL_EFFECT_REORDER && rule->time_ns != 500 * SL_NS_PER_MS)
        text_add_time(text, "within ", rule->time_ns);
    if (rule->effect == SL_EFFECT_RATE && rule->queue != 64u << 10)
        text_add(text, " queue %" PRIu64, rule->queue);
    if (rule->after == SL_AFTER_MESSAGES || rule->after == SL_AFTER_BYTES)
        text_add(text, " after %" PRIu64 " %s", rule->count,
                 rule->after == SL_AFTER_BYTES ? "bytes" : "messages");
    if (rule->after == SL_AFTER_TIME)
        text_add_time(text, "after ", (int64_t)rule->count);
}

static void text_add_selection(struct text *text, const struct sl_rule *rule)
{
    switch ((enum sl_selection)rule->selection) {
    case SL_SELECT_ALWAYS:
        break;
    case SL_SELECT_SHARE:
        text_add(text, " ");
        if (rule->of)
            text_add(text, "%" PRIu32 "/%" PRIu32, rule->share, rule->of);
        else
            text_add_percent(text, rule->ppm);
        break;
    case SL_SELECT_EVERY:
        text_add(text, " every %" PRIu64, rule->every);
        break;
    case SL_SELECT_FIRST:
        text_add(text, " first %" PRIu64, rule->every);
        break;
    case SL_SELECT_AT:
        for (unsigned i = 0; i < rule->at_count; i++) {
            text_add(text, "%s%" PRIu64, i ? "," : " at ", rule->at[i].first);
            if (rule->at[i].last != rule->at[i].first)
                text_add(text, "-%" PRIu64, rule->at[i].last);
        }
        break;
    case SL_SELECT_BURST:
        text_add(text, " burst ");
        text_add_percent(text, rule->ppm);
        text_add(text, " %" PRIu64, rule->every);
        break;
    }
}

static void text_add_client(struct text *text, const struct sl_rule *rule)
{
    char address[SL_ADDRESS_TEXT_SIZE];

    if (rule->client == SL_CLIENT_ID)
        text_add(text, " client %" PRIu64, rule->client_id);
    if (rule->client == SL_CLIENT_ENDPOINT && sl_address_format(&rule->address, address))
        text_add(text, " client %s", address);
    if (rule->client == SL_CLIENT_NETWORK && sl_address_format_host(&rule->address, address)) {
        text_add(text, " client %s", address);
        if (rule->prefix != (rule->address.family == AF_INET ? 32 : 128))
            text_add(text, "/%u", rule->prefix);
    }
}

static void text_add_content(struct text *text, const struct sl_rule *rule)
{
    if (rule->content == SL_CONTENT_STARTS || rule->content == SL_CONTENT_CONTAINS) {
        text_add(text, " %s ", rule->content == SL_CONTENT_STARTS ? "starts" : "contains");
        text_add_quoted(text, rule->bytes, rule->content_size);
    }
    if (rule->content == SL_CONTENT_HEX) {
        text_add(text, " hex ");
        for (unsigned i = 0; i < rule->content_size; i++)
            text_add(text, rule->mask[i] ? "%02x" : "??", rule->bytes[i]);
    }
}

const char *const rule_on_names[] = {"received", "sent", "both"};
const char *const rule_per_names[] = {"address", "client", "listener"};

const char *sl_rule_on_name(const struct sl_rule *rule)
{
    return rule_on_names[rule->on - 1];
}

const char *sl_rule_per_name(const struct sl_rule *rule)
{
    return rule_per_names[rule->per];
}

size_t sl_rule_format(const struct sl_rule *rule, char bytes[SL_FAULT_TEXT_SIZE])
{
    struct text text = {bytes, 0};

    text_add(&text, "%s", sl_effect_name(rule->effect));
    text_add_parameters(&text, rule);
    text_add_more_parameters(&text, rule);
    text_add_selection(&text, rule);
    if (rule->skip)
        text_add(&text, " skip %" PRIu64, rule->skip);
    if (rule->max_run)
        text_add(&text, " max-run %" PRIu64, rule->max_run);
    if (rule->for_ns)
        text_add_time(&text, "for ", rule->for_ns);
    if (rule->on != 1u << SL_SIDE_SENT)
        text_add(&text, " on %s", sl_rule_on_name(rule));
    if (rule->per != SL_PER_ADDRESS)
        text_add(&text, " per %s", sl_rule_per_name(rule));
    text_add_client(&text, rule);
    text_add_content(&text, rule);
    if (rule->has_seed)
        text_add(&text, " seed %" PRIu64, rule->seed);
    return text.size;
}

bool sl_rule_draws(const struct sl_rule *rule)
{
    return rule->selection == SL_SELECT_SHARE || rule->selection == SL_SELECT_BURST ||
           rule->effect == SL_EFFECT_CORRUPT || rule->jitter_ns > 0;
}

bool sl_rule_is_name(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size < SL_FAULT_NAME_SIZE && *name != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

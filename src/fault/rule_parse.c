/* Text to rule.
 *
 * After the effect and its parameter stand keywords, each with at most one value, so one table says
 * what each keyword takes and where it goes; what does not fit a row has a function of its own. A
 * mistake is told with the word, what would be right there, and the nearest right word. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault/values.h"
#include "fault/words.h"
#include "socklens/clock.h"
#include "socklens/size.h"
#include "socklens/suggest.h"

#define SECOND      SL_NS_PER_S
#define EVER        (INT64_C(366) * 86400 * SECOND)
#define SELECTIONS  "always, 30%, 4/11, every N, first N, at LIST, burst P% N"
#define CONTENT_BIT 30 /* one of starts, contains and hex */

struct parser {
    struct words words;
    struct sl_rule *rule;
    struct sl_rule_error *error;
    uint32_t seen; /* keywords, by their row */
};

__attribute__((format(printf, 3, 4))) static int
rule_fail(struct parser *parser, const char *allowed, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parser->error->detail, sizeof(parser->error->detail), format, arguments);
    va_end(arguments);
    parser->error->allowed = allowed;
    return -EINVAL;
}

/* The next word, which belongs to `keyword`. */
static int rule_value(struct parser *parser, const char *keyword, const char *allowed)
{
    int code = words_next(&parser->words);

    if (code < 0)
        return rule_fail(parser, "\"text\" with \\n \\r \\t \\0 \\xNN \\\\ \\\"",
                         parser->words.quoted ? "the quotes do not end: %.64s"
                                              : "\"%.64s\" is no escape",
                         parser->words.word);
    if (code == 0)
        return rule_fail(parser, allowed, "\"%s\" needs a value", keyword);
    return 0;
}

/* --- selection --- */

static int select_share(struct parser *parser)
{
    struct sl_rule *rule = parser->rule;
    const char *word = parser->words.word;

    rule->selection = SL_SELECT_SHARE;
    if (value_parse_percent(word, &rule->ppm) || value_parse_fraction(word, rule))
        return 0;
    if (strspn(word, "0123456789.") == strlen(word))
        return rule_fail(parser, SELECTIONS, "\"%.64s\" is no share; try %.64s%%", word, word);
    return rule_fail(parser, SELECTIONS, "\"%.64s\" is no share between 0%% and 100%%", word);
}

static int select_every(struct parser *parser)
{
    char keyword[8];

    snprintf(keyword, sizeof(keyword), "%.7s", parser->words.word);
    parser->rule->selection = *keyword == 'e' ? SL_SELECT_EVERY : SL_SELECT_FIRST;
    if (rule_value(parser, keyword, "a number from 1") < 0)
        return -EINVAL;
    if (!value_parse_number(parser->words.word, &parser->rule->every) || parser->rule->every == 0)
        return rule_fail(parser, "a number from 1", "\"%.64s\" after \"%s\" is no number from 1",
                         parser->words.word, keyword);
    return 0;
}

/* Reads an item of a list and moves `text` behind its comma; false where it is none. */
static bool at_parse_item(char **text, struct sl_rule *rule)
{
    char *item = *text, *end = item + strcspn(item, ","), *dash;
    uint64_t first, last;
    bool more = *end == ',';

    *end = '\0';
    *text = end + more;
    dash = strchr(item, '-');
    if (dash)
        *dash = '\0';
    if (!value_parse_number(item, &first) || !value_parse_number(dash ? dash + 1 : item, &last) ||
        first == 0 || first > last || rule->at_count == SL_FAULT_AT_MAX || (more && !**text))
        return false;
    rule->at[rule->at_count].first = first;
    rule->at[rule->at_count++].last = last;
    return true;
}

static int select_at(struct parser *parser)
{
    struct sl_rule *rule = parser->rule;
    const char *allowed = "a list such as 3,7,10-12, of at most 64 items from 1";
    char copy[SL_FAULT_RULE_MAX + 1], *item = copy;

    rule->selection = SL_SELECT_AT;
    if (rule_value(parser, "at", allowed) < 0)
        return -EINVAL;
    memcpy(copy, parser->words.word, parser->words.size + 1);
    do {
        if (!at_parse_item(&item, rule))
            return rule_fail(parser, allowed, "\"%.64s\" after \"at\" is no list of numbers",
                             parser->words.word);
    } while (*item);
    return 0;
}

static int select_burst(struct parser *parser)
{
    struct sl_rule *rule = parser->rule;
    const char *allowed = "burst 5% 3: begins with 5 %, is 3 messages long on average";

    rule->selection = SL_SELECT_BURST;
    if (rule_value(parser, "burst", allowed) < 0)
        return -EINVAL;
    if (!value_parse_percent(parser->words.word, &rule->ppm))
        return rule_fail(parser, allowed, "\"%.64s\" after \"burst\" is no percentage",
                         parser->words.word);
    if (rule_value(parser, "burst", allowed) < 0)
        return -EINVAL;
    if (!value_parse_number(parser->words.word, &rule->every) || rule->every == 0 ||
        rule->every > SL_FAULT_PPM)
        return rule_fail(parser, allowed, "\"%.64s\" is no mean length of a burst",
                         parser->words.word);
    return 0;
}

static int take_always(struct parser *parser)
{
    parser->rule->selection = SL_SELECT_ALWAYS;
    return 0;
}

/* --- keywords with values of their own --- */

static int take_normal(struct parser *parser)
{
    parser->rule->normal = true;
    return 0;
}

static int take_off(struct parser *parser)
{
    parser->rule->off = true;
    return 0;
}

/* The value's place among `words`, or a negative number. */
static int take_word(struct parser *parser, const char *keyword, const char *allowed,
                     const char *const words[3])
{
    if (rule_value(parser, keyword, allowed) < 0)
        return -EINVAL;
    for (int i = 0; i < 3; i++) {
        if (strcmp(words[i], parser->words.word) == 0)
            return i;
    }
    return rule_fail(parser, allowed, "\"%.64s\" is not what \"%s\" takes", parser->words.word,
                     keyword);
}

static int take_on(struct parser *parser)
{
    int found = take_word(parser, "on", "received, sent, both", rule_on_names);

    parser->rule->on = (uint8_t)(found + 1);
    return found < 0 ? found : 0;
}

static int take_per(struct parser *parser)
{
    int found = take_word(parser, "per", "address, client, listener", rule_per_names);

    parser->rule->per = (uint8_t)found;
    return found < 0 ? found : 0;
}

static int take_client(struct parser *parser)
{
    const char *allowed =
        "192.0.2.0/24, 192.0.2.1, 192.0.2.1:5000, [2001:db8::1]:5000, "
        "2001:db8::/32, or a client's number";
    char copy[SL_FAULT_RULE_MAX + 1];

    if (rule_value(parser, "client", allowed) < 0)
        return -EINVAL;
    memcpy(copy, parser->words.word, parser->words.size + 1);
    if (!value_parse_client(copy, parser->rule))
        return rule_fail(parser, allowed, "\"%.64s\" is no address of a client",
                         parser->words.word);
    return 0;
}

static int take_text(struct parser *parser)
{
    struct sl_rule *rule = parser->rule;
    bool starts = *parser->words.word == 's';
    const char *keyword = starts ? "starts" : "contains";
    const char *allowed = "a text of 1 to 64 bytes, in quotes where it holds blanks";

    rule->content = starts ? SL_CONTENT_STARTS : SL_CONTENT_CONTAINS;
    if (rule_value(parser, keyword, allowed) < 0)
        return -EINVAL;
    if (parser->words.size == 0 || parser->words.size > SL_FAULT_CONTENT_MAX)
        return rule_fail(parser, allowed, "the text after \"%s\" has %zu bytes", keyword,
                         parser->words.size);
    rule->content_size = (uint8_t)parser->words.size;
    memcpy(rule->bytes, parser->words.word, parser->words.size);
    memset(rule->mask, 0xff, parser->words.size);
    return 0;
}

static int take_hex(struct parser *parser)
{
    const char *allowed = "1 to 64 bytes as hexadecimal digits, ?? for any byte: \"50 49 ??\"";

    parser->rule->content = SL_CONTENT_HEX;
    if (rule_value(parser, "hex", allowed) < 0)
        return -EINVAL;
    if (!value_parse_hex(parser->words.word, parser->rule))
        return rule_fail(parser, allowed, "\"%.64s\" after \"hex\" are no bytes",
                         parser->words.word);
    return 0;
}

static int take_seed(struct parser *parser)
{
    const char *allowed = "a number from 0 to 9007199254740991";

    parser->rule->has_seed = true;
    if (rule_value(parser, "seed", allowed) < 0)
        return -EINVAL;
    if (!value_parse_number(parser->words.word, &parser->rule->seed) ||
        parser->rule->seed > SL_FAULT_SEED_MAX)
        return rule_fail(parser, allowed, "\"%.64s\" is no seed", parser->words.word);
    return 0;
}

static int take_name(struct parser *parser)
{
    const char *allowed = "up to 32 of a-z, 0-9 and -, not beginning with -";

    if (rule_value(parser, "name", allowed) < 0)
        return -EINVAL;
    if (!sl_rule_is_name(parser->words.word))
        return rule_fail(parser, allowed, "\"%.64s\" is no name of a rule", parser->words.word);
    memcpy(parser->rule->name, parser->words.word, parser->words.size + 1);
    return 0;
}

static int take_queue(struct parser *parser)
{
    uint64_t *queue = &parser->rule->queue;

    if (rule_value(parser, "queue", "1K to 1M") < 0)
        return -EINVAL;
    if (!sl_size_parse(parser->words.word, queue) || *queue < 1024 || *queue > 1u << 20)
        return rule_fail(parser, "1K to 1M",
                         "\"%.64s\" after \"queue\" is no number of bytes "
                         "from 1K to 1M",
                         parser->words.word);
    return 0;
}

/* after 3 messages, after 5 bytes, after 2s */
static int take_after(struct parser *parser)
{
    struct sl_rule *rule = parser->rule;
    const char *allowed = "after N messages, after N bytes, after 2s";
    int64_t time_ns;

    if (rule_value(parser, "after", allowed) < 0)
        return -EINVAL;
    if (value_parse_number(parser->words.word, &rule->count)) {
        if (rule_value(parser, "after", allowed) < 0)
            return -EINVAL;
        rule->after = *parser->words.word == 'm' ? SL_AFTER_MESSAGES : SL_AFTER_BYTES;
        if (rule->count > 0 && (strcmp(parser->words.word, "messages") == 0 ||
                                strcmp(parser->words.word, "bytes") == 0))
            return 0;
    } else if (sl_duration_parse(parser->words.word, &time_ns) && time_ns <= EVER) {
        rule->after = SL_AFTER_TIME;
        rule->count = (uint64_t)time_ns;
        return 0;
    }
    return rule_fail(parser, allowed, "\"%.64s\" is not what \"after\" takes", parser->words.word);
}

/* --- the table --- */

#define OF(effect) (1u << (effect))
#define OF_ALL     (~0u)
#define ENDS       (OF(SL_EFFECT_CLOSE) | OF(SL_EFFECT_RESET) | OF(SL_EFFECT_HALF_CLOSE))

enum value_kind { VALUE_OWN, VALUE_NUMBER, VALUE_TIME };

#define NUMBER(member, low, high)                                                                  \
    .kind = VALUE_NUMBER, .offset = offsetof(struct sl_rule, member), .min = (low), .max = (high)
#define TIME(member, low, high)                                                                    \
    .kind = VALUE_TIME, .offset = offsetof(struct sl_rule, member), .min = (low), .max = (high)

static const struct keyword {
    const char *name;
    uint32_t effects;
    enum value_kind kind;
    size_t offset; /* into struct sl_rule, of a uint64_t or int64_t */
    uint64_t min, max;
    int (*take)(struct parser *parser);
} keywords[] = {
    {"always", OF_ALL, .take = take_always},
    {"every", OF_ALL, .take = select_every},
    {"first", OF_ALL, .take = select_every},
    {"at", OF_ALL, .take = select_at},
    {"burst", OF_ALL, .take = select_burst},
    {"jitter", OF(SL_EFFECT_DELAY), TIME(jitter_ns, 0, 60 * SECOND)},
    {"normal", OF(SL_EFFECT_DELAY), .take = take_normal},
    {"gap", OF(SL_EFFECT_DUPLICATE) | OF(SL_EFFECT_SLICE), TIME(time_ns, 0, 10 * SECOND)},
    {"within", OF(SL_EFFECT_REORDER), TIME(time_ns, SL_NS_PER_MS, 10 * SECOND)},
    {"queue", OF(SL_EFFECT_RATE), .take = take_queue},
    {"after", ENDS, .take = take_after},
    {"skip", OF_ALL, NUMBER(skip, 1, UINT32_MAX)},
    {"max-run", OF_ALL, NUMBER(max_run, 1, UINT32_MAX)},
    {"for", OF_ALL, TIME(for_ns, 1, EVER)},
    {"off", OF_ALL, .take = take_off},
    {"on", OF_ALL, .take = take_on},
    {"per", OF_ALL, .take = take_per},
    {"client", OF_ALL, .take = take_client},
    {"starts", OF_ALL, .take = take_text},
    {"contains", OF_ALL, .take = take_text},
    {"hex", OF_ALL, .take = take_hex},
    {"seed", OF_ALL, .take = take_seed},
    {"name", OF_ALL, .take = take_name},
};

#define KEYWORD_COUNT   (sizeof(keywords) / sizeof(*keywords))
#define SELECTION_COUNT 5 /* the first rows */
#define KEYWORDS_ALLOWED                                                                           \
    SELECTIONS                                                                                     \
    ", skip N, max-run N, for TIME, off, on received|sent|both, "                                  \
    "per address|client|listener, client ADDRESS, starts TEXT, contains TEXT, "                    \
    "hex BYTES, seed N, name NAME"

/* What stands right behind the effect: its parameter. */
static const struct parameter {
    enum value_kind kind; /* VALUE_OWN: none, or a rate */
    bool needed;
    uint64_t min, max;
    uint64_t preset; /* where it is left out */
    const char *allowed;
} parameters[SL_EFFECT_END] = {
    [SL_EFFECT_DUPLICATE] = {VALUE_NUMBER, false, 1, 9, 1, "1 to 9 copies"},
    [SL_EFFECT_CORRUPT] = {VALUE_NUMBER, false, 1, 64, 1, "1 to 64 bits"},
    [SL_EFFECT_TRUNCATE] = {VALUE_NUMBER, true, 0, 65507, 0, "truncate N, 0 to 65507 bytes"},
    [SL_EFFECT_DELAY] = {VALUE_TIME, true, 0, 60 * SECOND, 0, "delay TIME, up to 60s"},
    [SL_EFFECT_REORDER] = {VALUE_NUMBER, false, 1, 64, 1, "1 to 64 messages"},
    [SL_EFFECT_SLICE] = {VALUE_NUMBER, true, 1, 65536, 0, "slice N, 1 to 65536 bytes"},
    [SL_EFFECT_JOIN] = {VALUE_TIME, true, SL_NS_PER_MS, 10 * SECOND, 0, "join TIME, 1ms to 10s"},
    [SL_EFFECT_READ] = {VALUE_NUMBER, true, 1, 65536, 0, "read N, 1 to 65536 bytes"},
    [SL_EFFECT_STALL] = {VALUE_TIME, false, SL_NS_PER_MS, EVER, 0, "stall TIME, or nothing"},
    [SL_EFFECT_ACCEPT_DELAY] = {VALUE_TIME, true, 0, 60 * SECOND, 0,
                                "accept-delay TIME, up to 60s"},
};

/* Reads the current word as a number or a time between two bounds. */
static bool value_parse_bounded(const char *word, enum value_kind kind, uint64_t min, uint64_t max,
                                uint64_t *value)
{
    int64_t time_ns;

    if (kind == VALUE_TIME) {
        if (!sl_duration_parse(word, &time_ns))
            return false;
        *value = (uint64_t)time_ns;
    } else if (!value_parse_number(word, value)) {
        return false;
    }
    return *value >= min && *value <= max;
}

static int keyword_take(struct parser *parser, const struct keyword *keyword)
{
    uint64_t value;

    if (keyword->take)
        return keyword->take(parser);
    if (rule_value(parser, keyword->name, keyword->kind == VALUE_TIME ? "a time" : "a number") < 0)
        return -EINVAL;
    if (!value_parse_bounded(parser->words.word, keyword->kind, keyword->min, keyword->max, &value))
        return rule_fail(
            parser, keyword->kind == VALUE_TIME ? "a time such as 20ms or 1.5s" : NULL,
            "\"%.64s\" after \"%s\" is no %s from %llu to %llu%s", parser->words.word,
            keyword->name, keyword->kind == VALUE_TIME ? "time" : "number",
            (unsigned long long)(keyword->kind == VALUE_TIME ? keyword->min / SL_NS_PER_MS
                                                             : keyword->min),
            (unsigned long long)(keyword->kind == VALUE_TIME ? keyword->max / SL_NS_PER_MS
                                                             : keyword->max),
            keyword->kind == VALUE_TIME ? " ms" : "");
    memcpy((char *)parser->rule + keyword->offset, &value, sizeof(value));
    return 0;
}

static int keyword_unknown(struct parser *parser)
{
    const char *word = parser->words.word;
    struct sl_nearest nearest = {.word = word};

    for (size_t i = 0; i < KEYWORD_COUNT; i++) {
        if (keywords[i].effects & OF(parser->rule->effect))
            sl_nearest_offer(&nearest, keywords[i].name);
    }
    if (sl_nearest_name(&nearest))
        return rule_fail(parser, KEYWORDS_ALLOWED,
                         "\"%.64s\" is no part of a rule; did you mean \"%s\"?", word,
                         sl_nearest_name(&nearest));
    return rule_fail(parser, KEYWORDS_ALLOWED, "\"%.64s\" is no part of a %s rule", word,
                     sl_effect_name(parser->rule->effect));
}

/* Marks a row as given; rows that exclude each other share a bit. */
static bool keyword_is_new(struct parser *parser, size_t row)
{
    size_t bit = row < SELECTION_COUNT                                               ? 0
                 : keywords[row].take == take_text || keywords[row].take == take_hex ? CONTENT_BIT
                                                                                     : row;
    bool new = !(parser->seen & 1u << bit);

    parser->seen |= 1u << bit;
    return new;
}

/* One selection, or one keyword with its value. */
static int rule_take_part(struct parser *parser)
{
    const char *word = parser->words.word;

    if (!parser->words.quoted && *word >= '0' && *word <= '9') {
        if (!keyword_is_new(parser, 0))
            return rule_fail(parser, SELECTIONS, "\"%.64s\" is a second selection", word);
        return select_share(parser);
    }
    for (size_t i = 0; !parser->words.quoted && i < KEYWORD_COUNT; i++) {
        if (strcmp(word, keywords[i].name) != 0)
            continue;
        if (!(keywords[i].effects & OF(parser->rule->effect)))
            return rule_fail(parser, KEYWORDS_ALLOWED, "\"%s\" is no parameter of \"%s\"", word,
                             sl_effect_name(parser->rule->effect));
        if (!keyword_is_new(parser, i))
            return rule_fail(parser, NULL, "\"%s\": a rule has one %s", word,
                             i < SELECTION_COUNT     ? "selection"
                             : parser->rule->content ? "text to compare with or option of a kind"
                                                     : "of each");
        return keyword_take(parser, &keywords[i]);
    }
    return keyword_unknown(parser);
}

static int rule_take_effect(struct parser *parser)
{
    const char *word = parser->words.word;
    struct sl_nearest nearest = {.word = word};
    int code = rule_value(parser, "rule", sl_effect_names);

    if (code < 0)
        return parser->words.size ? code : rule_fail(parser, sl_effect_names, "the rule is empty");
    parser->rule->effect = (uint8_t)sl_effect_parse(word);
    if (parser->rule->effect != SL_EFFECT_NONE)
        return 0;
    for (int i = SL_EFFECT_NONE + 1; i < SL_EFFECT_END; i++)
        sl_nearest_offer(&nearest, sl_effect_name(i));
    if (sl_nearest_name(&nearest))
        return rule_fail(parser, sl_effect_names, "\"%.64s\" is no effect; did you mean \"%s\"?",
                         word, sl_nearest_name(&nearest));
    return rule_fail(parser, sl_effect_names, "\"%.64s\" is no effect", word);
}

/* The parameter behind the effect. Where it may be left out, a word that is none belongs to what
 * follows. */
static int rule_take_parameter(struct parser *parser)
{
    struct sl_rule *rule = parser->rule;
    const struct parameter *parameter = &parameters[rule->effect];
    const char *name = sl_effect_name(rule->effect);
    struct words before = parser->words;
    uint64_t value = parameter->preset;

    if (rule->effect == SL_EFFECT_RATE) {
        if (rule_value(parser, name, "rate R, such as 750kbit/s or 64kB/s") < 0)
            return -EINVAL;
        if (!value_parse_rate(parser->words.word, &rule->rate_bps))
            return rule_fail(parser, "8bit/s to 10Gbit/s, also in kB/s", "\"%.64s\" is no rate",
                             parser->words.word);
    }
    if (parameter->kind == VALUE_OWN)
        return 0;
    if (parameter->needed && rule_value(parser, name, parameter->allowed) < 0)
        return -EINVAL;
    if (!parameter->needed &&
        (words_next(&parser->words) <= 0 || parser->words.quoted ||
         strspn(parser->words.word, "0123456789.") == 0 || strpbrk(parser->words.word, "%/"))) {
        parser->words = before;
    } else if (!value_parse_bounded(parser->words.word, parameter->kind, parameter->min,
                                    parameter->max, &value)) {
        return rule_fail(parser, parameter->allowed, "\"%.64s\" is not what \"%s\" takes",
                         parser->words.word, name);
    }
    if (parameter->kind == VALUE_TIME)
        rule->time_ns = (int64_t)value;
    else
        rule->count = value;
    return 0;
}

/* What the parts must not say together. */
static int rule_check_parts(struct parser *parser)
{
    const struct sl_rule *rule = parser->rule;
    const char *name = sl_effect_name(rule->effect);

    if (rule->jitter_ns > rule->time_ns)
        return rule_fail(parser, "a jitter up to the delay",
                         "the jitter is longer than the delay; a message cannot leave before it "
                         "came");
    if (rule->normal && rule->jitter_ns == 0)
        return rule_fail(parser, "delay TIME jitter TIME normal", "\"normal\" needs a jitter");
    if (rule->effect == SL_EFFECT_DOWN &&
        (rule->selection != SL_SELECT_ALWAYS || rule->client || rule->content || rule->skip ||
         rule->max_run || rule->on != 1u << SL_SIDE_SENT || rule->per != SL_PER_ADDRESS ||
         rule->has_seed))
        return rule_fail(parser, "down, for TIME, off, name NAME",
                         "\"down\" is the whole listener's: it takes \"for\" only");
    if (rule->content && sl_effect_is_of_connections(rule->effect))
        return rule_fail(parser, "client ADDRESS",
                         "\"%s\" is about a connection, which has no content yet", name);
    return 0;
}

static void rule_preset(struct sl_rule *rule)
{
    *rule = (struct sl_rule){.on = 1u << SL_SIDE_SENT, .per = SL_PER_ADDRESS, .queue = 64u << 10};
}

/* What is not zero where the text leaves it out. */
static void rule_preset_times(struct sl_rule *rule)
{
    if (rule->effect == SL_EFFECT_SLICE)
        rule->time_ns = 20 * SL_NS_PER_MS;
    if (rule->effect == SL_EFFECT_REORDER)
        rule->time_ns = 500 * SL_NS_PER_MS;
}

int sl_rule_parse(const char *text, uint64_t seed, struct sl_rule *rule,
                  struct sl_rule_error *error)
{
    struct parser parser = {.words.rest = text, .rule = rule, .error = error};
    char canonical[SL_FAULT_TEXT_SIZE];
    int code;

    *error = (struct sl_rule_error){.allowed = NULL};
    rule_preset(rule);
    if (strlen(text) > SL_FAULT_RULE_MAX)
        return rule_fail(&parser, NULL, "a rule has at most %d bytes", SL_FAULT_RULE_MAX);
    if (rule_take_effect(&parser) < 0 || rule_take_parameter(&parser) < 0)
        return -EINVAL;
    rule_preset_times(rule);
    while ((code = words_next(&parser.words)) > 0) {
        if (rule_take_part(&parser) < 0)
            return -EINVAL;
    }
    if (code < 0)
        return rule_fail(&parser, NULL, "the text does not end well: %.64s", parser.words.word);
    if (rule_check_parts(&parser) < 0)
        return -EINVAL;
    if (!sl_rule_draws(rule)) {
        rule->has_seed = false;
        rule->seed = 0;
    } else if (!rule->has_seed) {
        rule->has_seed = true;
        rule->seed = seed;
    }
    if (sl_rule_format(rule, canonical) > SL_FAULT_RULE_MAX)
        return rule_fail(&parser, NULL,
                         "the rule is longer than %d bytes, with what its seed and "
                         "escapes take",
                         SL_FAULT_RULE_MAX);
    return 0;
}

int sl_rule_check(const struct sl_rule *rule, unsigned transport, struct sl_rule_error *error)
{
    const char *name = sl_effect_name(rule->effect);
    static const char allowed[] =
        "delay, rate, slice, join, read, corrupt, close, reset, "
        "half-close, mute, stall, accept-delay, down";

    if (sl_effect_transports(rule->effect) & transport)
        return 0;
    if (sl_effect_transports(rule->effect) == SL_FAULT_ON_NONE) {
        snprintf(error->detail, sizeof(error->detail), "no listener takes \"%s\"", name);
        error->allowed = sl_effect_names;
        return -ENOTSUP;
    }
    if (transport == SL_FAULT_ON_STREAMS)
        snprintf(error->detail, sizeof(error->detail),
                 "TCP repairs %s: what a program sees of it is delay: try \"delay 200ms jitter "
                 "200ms\", or \"stall\"",
                 name);
    else
        snprintf(error->detail, sizeof(error->detail),
                 "\"%s\" is about a connection, and UDP has none: a datagram arrives whole or not "
                 "at all",
                 name);
    error->allowed = transport == SL_FAULT_ON_STREAMS ? allowed : sl_effect_names;
    return -ENOTSUP;
}

/* Judging a message by the rules of its listener.
 *
 * The number of a message decides its fate, so a rule counts for each scope (an address, a client
 * or the listener) in a table of fixed size, shared by all workers under the rule's lock: two
 * workers give the fates of one. Peers choose their addresses, so places are found by a hash with a
 * random key, and where a set of places is full the scope that was idle longest gives way. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fault/select.h"
#include "socklens/clock.h"
#include "socklens/fault_set.h"
#include "socklens/random.h"

#define SETS 1024u
#define WAYS 4u

struct scope {
    uint64_t tag; /* 0: never used */
    int64_t seen_ns;
    int64_t free_ns; /* of a rate: when the last message that it paces has left */
    struct select_count count;
};

struct sl_fault_rule {
    atomic_uint references;
    struct sl_rule rule;
    char name[SL_FAULT_NAME_SIZE];
    char text[SL_FAULT_TEXT_SIZE];
    uint64_t hash_key;

    pthread_mutex_t lock; /* over all that follows */
    struct scope *scopes; /* SETS * WAYS */
    struct sl_fault_stats stats;
    struct select_count last; /* of the scope seen last */
    struct draw_source last_source;
};

struct place {
    struct sl_fault_entry entry;
    uint8_t nth[SL_SIDE_COUNT];
};

struct sl_fault_set {
    atomic_uint references;
    size_t count;
    struct place places[SL_FAULTS_PER_LISTENER];
};

/* --- rules --- */

struct sl_fault_rule *sl_fault_rule_new(const struct sl_rule *rule, const char *name)
{
    struct sl_fault_rule *made = calloc(1, sizeof(*made));

    if (!made)
        return NULL;
    /* Zeroed pages: memory is used only as scopes appear. */
    made->scopes = calloc(SETS * WAYS, sizeof(*made->scopes));
    if (!made->scopes || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made->scopes);
        free(made);
        return NULL;
    }
    atomic_init(&made->references, 1);
    made->rule = *rule;
    memcpy(made->name, name, strnlen(name, SL_FAULT_NAME_SIZE - 1));
    sl_rule_format(rule, made->text);
    made->hash_key = sl_random_key();
    return made;
}

struct sl_fault_rule *sl_fault_rule_ref(struct sl_fault_rule *rule)
{
    atomic_fetch_add_explicit(&rule->references, 1, memory_order_relaxed);
    return rule;
}

void sl_fault_rule_unref(struct sl_fault_rule *rule)
{
    if (!rule || atomic_fetch_sub_explicit(&rule->references, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&rule->lock);
    free(rule->scopes);
    free(rule);
}

const struct sl_rule *sl_fault_rule_get(const struct sl_fault_rule *rule)
{
    return &rule->rule;
}

const char *sl_fault_rule_name(const struct sl_fault_rule *rule)
{
    return rule->name;
}

const char *sl_fault_rule_text(const struct sl_fault_rule *rule)
{
    return rule->text;
}

/* Continues a numbering without changing it. */
static size_t rule_foretell(const struct sl_rule *rule, struct select_count count,
                            struct draw_source source, size_t messages, char *text)
{
    size_t hits = 0;
    uint64_t draw;

    for (size_t i = 0; i < messages; i++) {
        bool hit = fault_select(rule, &count, &source, &draw);

        text[i] = hit ? 'x' : '.';
        hits += hit;
    }
    text[messages] = '\0';
    return hits;
}

size_t sl_rule_fates(const struct sl_rule *rule, unsigned nth, size_t count, char *text)
{
    struct draw_source source = {
        .seed = rule->seed,
        .effect = rule->effect,
        .side = rule->on & 1u << SL_SIDE_SENT ? SL_SIDE_SENT : SL_SIDE_RECEIVED,
        .nth = nth,
    };

    return rule_foretell(rule, (struct select_count){0}, source, count, text);
}

void sl_fault_rule_stats(struct sl_fault_rule *rule, struct sl_fault_stats *stats)
{
    pthread_mutex_lock(&rule->lock);
    *stats = rule->stats;
    if (rule->stats.looked_at)
        rule_foretell(&rule->rule, rule->last, rule->last_source, sizeof(stats->next) - 1,
                      stats->next);
    pthread_mutex_unlock(&rule->lock);
}

/* --- sets --- */

/* The order in which effects apply. */
static unsigned effect_rank(uint8_t effect)
{
    static const uint8_t order[] = {
        SL_EFFECT_LOSS,  SL_EFFECT_TRUNCATE, SL_EFFECT_CORRUPT, SL_EFFECT_DUPLICATE,
        SL_EFFECT_DELAY, SL_EFFECT_RATE,     SL_EFFECT_REORDER,
    };

    for (unsigned i = 0; i < sizeof(order); i++) {
        if (order[i] == effect)
            return i;
    }
    return effect + sizeof(order);
}

/* Keeps rules of one rank in the order in which they came. */
static void set_insert(struct sl_fault_set *set, const struct place *place)
{
    unsigned rank = effect_rank(place->entry.rule->rule.effect);
    size_t at = set->count++;

    for (; at > 0 && effect_rank(set->places[at - 1].entry.rule->rule.effect) > rank; at--)
        set->places[at] = set->places[at - 1];
    set->places[at] = *place;
}

struct sl_fault_set *sl_fault_set_new(const struct sl_fault_entry *entries, size_t count)
{
    uint8_t next[SL_EFFECT_END][SL_SIDE_COUNT] = {{0}};
    struct sl_fault_set *set = calloc(1, sizeof(*set));

    if (!set)
        return NULL;
    atomic_init(&set->references, 1);
    for (size_t i = 0; i < count && i < SL_FAULTS_PER_LISTENER; i++) {
        const struct sl_rule *rule = &entries[i].rule->rule;
        struct place place = {.entry = entries[i]};

        for (unsigned side = 0; side < SL_SIDE_COUNT; side++) {
            place.nth[side] = next[rule->effect][side];
            next[rule->effect][side] += rule->on >> side & 1;
        }
        sl_fault_rule_ref(entries[i].rule);
        set_insert(set, &place);
    }
    return set;
}

struct sl_fault_set *sl_fault_set_ref(struct sl_fault_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void sl_fault_set_unref(struct sl_fault_set *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < set->count; i++)
        sl_fault_rule_unref(set->places[i].entry.rule);
    free(set);
}

/* --- judging --- */

static bool is_in_network(const struct sl_address *network, unsigned prefix,
                          const struct sl_address *peer)
{
    unsigned whole = prefix / 8, rest = prefix % 8;

    return network->family == peer->family && memcmp(network->ip, peer->ip, whole) == 0 &&
           (rest == 0 || ((network->ip[whole] ^ peer->ip[whole]) >> (8 - rest)) == 0) &&
           (network->scope_id == 0 || network->scope_id == peer->scope_id);
}

static bool rule_admits_client(const struct sl_rule *rule, const struct sl_fault_look *look)
{
    switch ((enum sl_fault_client)rule->client) {
    case SL_CLIENT_ID:
        return rule->client_id == look->client;
    case SL_CLIENT_ENDPOINT:
        return rule->address.port == look->peer->port &&
               is_in_network(&rule->address, rule->prefix, look->peer);
    case SL_CLIENT_NETWORK:
        return is_in_network(&rule->address, rule->prefix, look->peer);
    case SL_CLIENT_ANY:
        break;
    }
    return true;
}

static bool content_is_at(const struct sl_rule *rule, const uint8_t *bytes)
{
    for (unsigned i = 0; i < rule->content_size; i++) {
        if ((bytes[i] ^ rule->bytes[i]) & rule->mask[i])
            return false;
    }
    return true;
}

/* At most 64 bytes against at most 64 kB. */
static bool rule_admits_content(const struct sl_rule *rule, const struct sl_fault_look *look)
{
    if (rule->content == SL_CONTENT_ANY)
        return true;
    if (look->size < rule->content_size)
        return false;
    if (rule->content != SL_CONTENT_CONTAINS)
        return content_is_at(rule, look->bytes);
    return memmem(look->bytes, look->size, rule->bytes, rule->content_size) != NULL;
}

/* What an effect would not change is no hit. */
static bool rule_changes(const struct sl_rule *rule, size_t size)
{
    return (rule->effect != SL_EFFECT_CORRUPT || size > 0) &&
           (rule->effect != SL_EFFECT_TRUNCATE || size > rule->count);
}

static uint64_t scope_tag(const struct sl_fault_rule *rule, const struct sl_fault_look *look)
{
    uint64_t tag = 0;
    struct sl_address key;

    if (rule->rule.per == SL_PER_CLIENT)
        tag = (look->client ^ rule->hash_key) * UINT64_C(0x9e3779b97f4a7c15);
    if (rule->rule.per == SL_PER_ADDRESS) {
        key = sl_address_limit_key(look->peer);
        tag = sl_address_hash(&key, rule->hash_key);
    }
    tag ^= tag >> 32;
    /* The sides are numbered apart, and no tag is 0. */
    return (tag << 2) | (uint64_t)look->side << 1 | 1;
}

static struct scope *rule_find_scope(struct sl_fault_rule *rule, uint64_t tag)
{
    struct scope *set = &rule->scopes[(tag >> 2) % SETS * WAYS], *oldest = set;

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].tag == tag)
            return &set[i];
        if (set[i].tag == 0 || (oldest->tag != 0 && set[i].seen_ns < oldest->seen_ns))
            oldest = &set[i];
        if (oldest->tag == 0)
            break;
    }
    if (oldest->tag)
        rule->stats.scopes_forgotten++;
    else
        rule->stats.scopes++;
    *oldest = (struct scope){.tag = tag};
    return oldest;
}

/* Counts the message with one rule; true where it is hit. */
static bool rule_count(struct sl_fault_rule *rule, const struct sl_fault_look *look,
                       struct sl_fault_hit *hit)
{
    struct draw_source source = {
        .seed = rule->rule.seed, .effect = rule->rule.effect, .side = look->side, .nth = hit->nth};
    struct scope *scope;
    bool is_hit;

    pthread_mutex_lock(&rule->lock);
    hit->scope = scope_tag(rule, look);
    scope = rule_find_scope(rule, hit->scope);
    scope->seen_ns = look->now_ns;
    is_hit = fault_select(&rule->rule, &scope->count, &source, &hit->draw) &&
             rule_changes(&rule->rule, look->size);
    rule->stats.looked_at++;
    rule->stats.hits += is_hit;
    rule->last = scope->count;
    rule->last_source = source;
    pthread_mutex_unlock(&rule->lock);
    hit->n = source.n;
    return is_hit;
}

bool sl_fault_judge(const struct sl_fault_set *set, const struct sl_fault_look *look,
                    struct sl_fate *fate)
{
    fate->count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct place *place = &set->places[i];
        struct sl_fault_rule *rule = place->entry.rule;
        struct sl_fault_hit hit = {
            .rule = rule, .nth = place->nth[look->side], .side = (uint8_t)look->side};

        if (place->entry.enabled && (rule->rule.on & 1u << look->side) &&
            (place->entry.ends_at_ns == 0 || look->now_ns < place->entry.ends_at_ns) &&
            rule_admits_client(&rule->rule, look) && rule_admits_content(&rule->rule, look) &&
            rule_count(rule, look, &hit))
            fate->hits[fate->count++] = hit;
    }
    return fate->count > 0;
}

/* --- what a hit does --- */

static struct draw_source hit_source(const struct sl_fault_hit *hit)
{
    return (struct draw_source){
        .seed = hit->rule->rule.seed,
        .effect = hit->rule->rule.effect,
        .side = hit->side,
        .nth = hit->nth,
        .n = hit->n,
    };
}

int64_t sl_fault_delay_ns(const struct sl_fault_hit *hit, unsigned copy)
{
    struct draw_source source = hit_source(hit);

    return fault_draw_delay(&hit->rule->rule, &source, copy);
}

bool sl_fault_pace(const struct sl_fault_hit *hit, size_t size, int64_t ready_ns, int64_t *due_ns)
{
    const struct sl_rule *rule = &hit->rule->rule;
    int64_t took_ns = (int64_t)((unsigned __int128)size * 8 * SL_NS_PER_S / rule->rate_bps);
    int64_t queue_ns = (int64_t)((unsigned __int128)rule->queue * 8 * SL_NS_PER_S / rule->rate_bps);
    struct scope *scope;
    bool has_room;

    pthread_mutex_lock(&hit->rule->lock);
    scope = rule_find_scope(hit->rule, hit->scope);
    if (scope->free_ns < ready_ns)
        scope->free_ns = ready_ns;
    has_room = scope->free_ns - ready_ns <= queue_ns;
    if (has_room)
        scope->free_ns += took_ns;
    *due_ns = scope->free_ns;
    pthread_mutex_unlock(&hit->rule->lock);
    return has_room;
}

unsigned sl_fault_corrupt(const struct sl_fault_hit *hit, unsigned copy, uint8_t *bytes,
                          size_t size, struct sl_fault_change *changes, unsigned max)
{
    struct draw_source source = hit_source(hit);
    unsigned flips = size ? (unsigned)hit->rule->rule.count : 0;

    for (unsigned i = 0; i < flips; i++) {
        size_t at;
        uint8_t mask;

        fault_draw_bit(&source, copy, i, size, &at, &mask);
        if (i < max)
            changes[i] = (struct sl_fault_change){at, bytes[at], bytes[at] ^ mask};
        bytes[at] ^= mask;
    }
    return flips;
}

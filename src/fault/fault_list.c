/* Changes are made to a copy of the list, which takes its place once all of it is right: a
 * replacement of many rules fails as a whole, and a set that a worker has is never touched. */
#include "socklens/fault_list.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/clock.h"
#include "socklens/random.h"
#include "socklens/scenario.h"
#include "socklens/suggest.h"

#define SEED_DRAWN 1000000u /* seeds that are drawn are short: people type them */

struct entry {
    struct sl_fault_rule *rule;
    size_t listener;
    bool enabled;
    int64_t since_ns;        /* wall clock: since it was switched on or off */
    int64_t ends_at_mono_ns; /* 0: never */
};

struct entries {
    struct entry items[SL_FAULTS_MAX];
    size_t count;
};

struct sl_fault_list {
    pthread_mutex_t lock;
    struct sl_fault_listener *listeners;
    size_t listener_count;
    sl_fault_publish *publish;
    void *context;
    struct entries entries;
};

__attribute__((format(printf, 4, 5))) static int
list_fail(struct sl_rule_error *error, int code, const char *allowed, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->detail, sizeof(error->detail), format, arguments);
    va_end(arguments);
    error->allowed = allowed;
    return code;
}

struct sl_fault_list *sl_fault_list_new(const struct sl_fault_listener *listeners, size_t count,
                                        sl_fault_publish *publish, void *context)
{
    struct sl_fault_list *list = calloc(1, sizeof(*list));

    if (!list)
        return NULL;
    list->listeners = calloc(count + 1, sizeof(*list->listeners));
    if (!list->listeners || pthread_mutex_init(&list->lock, NULL) != 0) {
        free(list->listeners);
        free(list);
        return NULL;
    }
    if (count > 0)
        memcpy(list->listeners, listeners, count * sizeof(*listeners));
    list->listener_count = count;
    list->publish = publish;
    list->context = context;
    return list;
}

static void entries_release(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        sl_fault_rule_unref(entries->items[i].rule);
    entries->count = 0;
}

void sl_fault_list_free(struct sl_fault_list *list)
{
    if (!list)
        return;
    entries_release(&list->entries);
    pthread_mutex_destroy(&list->lock);
    free(list->listeners);
    free(list);
}

/* --- publishing --- */

static struct sl_fault_set *entries_set_of(const struct entries *entries, size_t listener,
                                           int *code)
{
    struct sl_fault_entry items[SL_FAULTS_PER_LISTENER];
    struct sl_fault_set *set;
    size_t count = 0;

    for (size_t i = 0; i < entries->count && count < SL_FAULTS_PER_LISTENER; i++) {
        const struct entry *entry = &entries->items[i];

        if (entry->listener == listener)
            items[count++] =
                (struct sl_fault_entry){entry->rule, entry->enabled, entry->ends_at_mono_ns};
    }
    if (count == 0)
        return NULL;
    set = sl_fault_set_new(items, count);
    if (!set)
        *code = -ENOMEM;
    return set;
}

/* Puts `next` into the list's place and tells the listeners, or leaves all as it is. */
static int list_commit(struct sl_fault_list *list, struct entries *next,
                       struct sl_rule_error *error)
{
    struct sl_fault_set **sets = calloc(list->listener_count + 1, sizeof(*sets));
    int code = sets ? 0 : -ENOMEM;

    for (size_t i = 0; i < list->listener_count && code == 0; i++)
        sets[i] = entries_set_of(next, i, &code);
    if (code == 0) {
        struct entries before = list->entries;

        list->entries = *next;
        *next = before;
        for (size_t i = 0; i < list->listener_count; i++)
            list->publish(list->context, list->listeners[i].name, sets[i]);
    }
    for (size_t i = 0; sets && i < list->listener_count; i++)
        sl_fault_set_unref(sets[i]);
    free(sets);
    return code == 0 ? 0 : list_fail(error, code, NULL, "out of memory");
}

/* A copy to change. */
static struct entries list_copy(const struct sl_fault_list *list)
{
    struct entries copy = list->entries;

    for (size_t i = 0; i < copy.count; i++)
        sl_fault_rule_ref(copy.items[i].rule);
    return copy;
}

/* Commits unless something failed; either way the rest is released. */
static int list_finish(struct sl_fault_list *list, struct entries *next, int code,
                       struct sl_rule_error *error)
{
    if (code == 0)
        code = list_commit(list, next, error);
    entries_release(next);
    pthread_mutex_unlock(&list->lock);
    return code;
}

/* --- entries --- */

static int list_find_listener(const struct sl_fault_list *list, const char *name, size_t *index,
                              struct sl_rule_error *error)
{
    struct sl_nearest nearest = {.word = name};

    for (size_t i = 0; i < list->listener_count; i++) {
        sl_nearest_offer(&nearest, list->listeners[i].name);
        if (nearest.name && nearest.distance == 0) {
            *index = i;
            return 0;
        }
    }
    if (sl_nearest_name(&nearest))
        return list_fail(error, -ENOENT, NULL,
                         "there is no listener \"%.32s\"; did you mean \"%s\"?", name,
                         sl_nearest_name(&nearest));
    return list_fail(error, -ENOENT, NULL, "there is no listener \"%.32s\"%s%s", name,
                     list->listener_count ? "; one is " : "",
                     list->listener_count ? list->listeners[0].name : "");
}

static struct entry *entries_find(struct entries *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (strcmp(sl_fault_rule_name(entries->items[i].rule), name) == 0)
            return &entries->items[i];
    }
    return NULL;
}

/* The effect's name, or that with the first number that is free. */
static void entries_choose_name(struct entries *entries, enum sl_effect effect,
                                char name[SL_FAULT_NAME_SIZE])
{
    snprintf(name, SL_FAULT_NAME_SIZE, "%s", sl_effect_name(effect));
    for (unsigned i = 2; entries_find(entries, name); i++)
        snprintf(name, SL_FAULT_NAME_SIZE, "%s-%u", sl_effect_name(effect), i);
}

uint64_t sl_fault_draw_seed(void)
{
    return sl_random_key() % SEED_DRAWN;
}

static void entry_begin(struct entry *entry, const struct sl_rule *rule, bool enabled)
{
    entry->enabled = enabled;
    entry->since_ns = sl_clock_wall_ns();
    entry->ends_at_mono_ns = enabled && rule->for_ns ? sl_clock_mono_ns() + rule->for_ns : 0;
}

static int entry_make(struct entry *entry, const struct sl_fault_list *list, const char *text,
                      uint64_t seed, struct sl_rule *rule, struct sl_rule_error *error)
{
    const struct sl_fault_listener *listener = &list->listeners[entry->listener];
    int code = sl_rule_parse(text, seed, rule, error);

    if (code == 0 && !listener->transport)
        return list_fail(error, -ENOTSUP, NULL, "%s is a TCP listener; rules are for UDP listeners",
                         listener->name);
    if (code == 0)
        code = sl_rule_check(rule, listener->transport, error);
    if (code == 0)
        entry_begin(entry, rule, !rule->off);
    return code;
}

static int entries_check_room(const struct entries *entries, size_t listener,
                              struct sl_rule_error *error)
{
    unsigned count = 0;

    for (size_t i = 0; i < entries->count; i++)
        count += entries->items[i].listener == listener;
    if (entries->count == SL_FAULTS_MAX)
        return list_fail(error, -ENOSPC, NULL, "there are %u rules, and no more are possible",
                         SL_FAULTS_MAX);
    if (count == SL_FAULTS_PER_LISTENER)
        return list_fail(error, -ENOSPC, NULL,
                         "the listener has %u rules, and no more are possible",
                         SL_FAULTS_PER_LISTENER);
    return 0;
}

static int entries_add(struct entries *entries, const struct sl_fault_list *list,
                       const char *listener, const char *text, const char *name, uint64_t seed,
                       struct sl_rule_error *error)
{
    char chosen[SL_FAULT_NAME_SIZE];
    struct entry entry = {0};
    struct sl_rule rule;
    int code = list_find_listener(list, listener, &entry.listener, error);

    if (code == 0)
        code = entry_make(&entry, list, text, seed, &rule, error);
    if (code == 0)
        code = entries_check_room(entries, entry.listener, error);
    if (code != 0)
        return code;
    if (!name && *rule.name)
        name = rule.name;
    if (name && !sl_rule_is_name(name))
        return list_fail(error, -EINVAL, "up to 32 of a-z, 0-9 and -, not beginning with -",
                         "\"%.64s\" is no name of a rule", name);
    if (name && entries_find(entries, name))
        return list_fail(error, -EEXIST, NULL, "there is a rule \"%s\" already", name);
    if (name)
        snprintf(chosen, sizeof(chosen), "%s", name);
    else
        entries_choose_name(entries, rule.effect, chosen);
    entry.rule = sl_fault_rule_new(&rule, chosen);
    if (!entry.rule)
        return list_fail(error, -ENOMEM, NULL, "out of memory");
    entries->items[entries->count++] = entry;
    return 0;
}

/* --- changes --- */

int sl_fault_list_add(struct sl_fault_list *list, const char *listener, const char *text,
                      const char *name, char made[SL_FAULT_NAME_SIZE], struct sl_rule_error *error)
{
    struct entries next;
    int code;

    pthread_mutex_lock(&list->lock);
    next = list_copy(list);
    code = entries_add(&next, list, listener, text, name, sl_fault_draw_seed(), error);
    if (code == 0)
        snprintf(made, SL_FAULT_NAME_SIZE, "%s",
                 sl_fault_rule_name(next.items[next.count - 1].rule));
    return list_finish(list, &next, code, error);
}

int sl_fault_list_add_scenario(struct sl_fault_list *list, const char *listener,
                               const char *scenario, uint64_t seed, bool has_seed,
                               struct sl_rule_error *error)
{
    const struct sl_scenario *found = sl_scenario_find(scenario);
    struct entries next;
    int code = 0;

    if (!found)
        return list_fail(error, -ENOENT, NULL, "there is no scenario \"%.64s\"", scenario);
    pthread_mutex_lock(&list->lock);
    next = list_copy(list);
    for (const char *const *text = found->rules; *text && code == 0; text++)
        code = entries_add(&next, list, listener, *text, NULL,
                           has_seed ? seed : sl_fault_draw_seed(), error);
    return list_finish(list, &next, code, error);
}

/* "LISTENER RULE"; a line without a rule names what is missing. */
static int entries_add_line(struct entries *entries, const struct sl_fault_list *list, char *line,
                            struct sl_rule_error *error)
{
    char *rule;

    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#')
        return 0;
    rule = line + strcspn(line, " \t");
    if (*rule)
        *rule++ = '\0';
    return entries_add(entries, list, line, rule, NULL, sl_fault_draw_seed(), error);
}

int sl_fault_list_replace(struct sl_fault_list *list, const char *lines, unsigned *line,
                          struct sl_rule_error *error)
{
    char *copy = strdup(lines), *rest = copy, *one;
    struct entries next = {.count = 0};
    int code = copy ? 0 : list_fail(error, -ENOMEM, NULL, "out of memory");

    pthread_mutex_lock(&list->lock);
    for (*line = 0; code == 0 && (one = strsep(&rest, "\n")); ++*line) {
        one[strcspn(one, "\r")] = '\0';
        code = entries_add_line(&next, list, one, error);
    }
    code = list_finish(list, &next, code, error);
    free(copy);
    return code;
}

static int entry_change(struct entry *entry, const struct sl_fault_list *list,
                        const struct sl_fault_change_request *change, struct sl_rule_error *error)
{
    struct sl_rule rule = *sl_fault_rule_get(entry->rule);
    struct sl_fault_rule *made;
    bool enabled = change->has_enabled ? change->enabled : entry->enabled;

    if (change->text) {
        int code = entry_make(entry, list, change->text, sl_fault_draw_seed(), &rule, error);

        if (code != 0)
            return code;
        if (!change->has_enabled)
            enabled = entry->enabled;
    }
    if (change->text || change->restart) {
        made = sl_fault_rule_new(&rule, sl_fault_rule_name(entry->rule));
        if (!made)
            return list_fail(error, -ENOMEM, NULL, "out of memory");
        sl_fault_rule_unref(entry->rule);
        entry->rule = made;
    }
    if (change->text || change->restart || enabled != entry->enabled ||
        (enabled && entry->ends_at_mono_ns && entry->ends_at_mono_ns <= sl_clock_mono_ns()))
        entry_begin(entry, &rule, enabled);
    return 0;
}

static int list_no_rule(struct sl_rule_error *error, const char *name)
{
    return list_fail(error, -ENOENT, NULL, "there is no rule \"%.64s\"", name);
}

int sl_fault_list_change(struct sl_fault_list *list, const char *name,
                         const struct sl_fault_change_request *change, struct sl_rule_error *error)
{
    struct entries next;
    struct entry *entry;
    int code;

    pthread_mutex_lock(&list->lock);
    next = list_copy(list);
    entry = entries_find(&next, name);
    code = entry ? entry_change(entry, list, change, error) : list_no_rule(error, name);
    return list_finish(list, &next, code, error);
}

int sl_fault_list_remove(struct sl_fault_list *list, const char *name, struct sl_rule_error *error)
{
    struct entries next;
    struct entry *entry;
    int code = 0;

    pthread_mutex_lock(&list->lock);
    next = list_copy(list);
    entry = entries_find(&next, name);
    if (entry) {
        sl_fault_rule_unref(entry->rule);
        next.count--;
        memmove(entry, entry + 1, (size_t)(&next.items[next.count] - entry) * sizeof(*entry));
    } else {
        code = list_no_rule(error, name);
    }
    return list_finish(list, &next, code, error);
}

void sl_fault_list_clear(struct sl_fault_list *list)
{
    struct entries next = {.count = 0};
    struct sl_rule_error error;

    pthread_mutex_lock(&list->lock);
    list_finish(list, &next, 0, &error); /* no rule needs no memory */
}

/* --- reading --- */

static void view_fill(struct sl_fault_view *view, const struct sl_fault_list *list,
                      const struct entry *entry, int64_t now_mono_ns, int64_t now_wall_ns)
{
    const struct sl_rule *rule = sl_fault_rule_get(entry->rule);

    *view = (struct sl_fault_view){
        .enabled =
            entry->enabled && (entry->ends_at_mono_ns == 0 || now_mono_ns < entry->ends_at_mono_ns),
        .rule = *rule,
        .since_ns = entry->since_ns,
        .ends_at_ns =
            entry->ends_at_mono_ns ? now_wall_ns + (entry->ends_at_mono_ns - now_mono_ns) : 0,
    };
    snprintf(view->name, sizeof(view->name), "%s", sl_fault_rule_name(entry->rule));
    snprintf(view->listener, sizeof(view->listener), "%s", list->listeners[entry->listener].name);
    snprintf(view->text, sizeof(view->text), "%s", sl_fault_rule_text(entry->rule));
    sl_fault_rule_stats(entry->rule, &view->stats);
}

size_t sl_fault_list_read(struct sl_fault_list *list, struct sl_fault_view *views)
{
    int64_t mono_ns = sl_clock_mono_ns(), wall_ns = sl_clock_wall_ns();
    size_t count;

    pthread_mutex_lock(&list->lock);
    count = list->entries.count;
    for (size_t i = 0; i < count; i++)
        view_fill(&views[i], list, &list->entries.items[i], mono_ns, wall_ns);
    pthread_mutex_unlock(&list->lock);
    return count;
}

bool sl_fault_list_get(struct sl_fault_list *list, const char *name, struct sl_fault_view *view)
{
    const struct entry *entry;

    pthread_mutex_lock(&list->lock);
    entry = entries_find(&list->entries, name);
    if (entry)
        view_fill(view, list, entry, sl_clock_mono_ns(), sl_clock_wall_ns());
    pthread_mutex_unlock(&list->lock);
    return entry;
}

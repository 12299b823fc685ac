/* A rule is for a listener's name, which may stand for several sockets: each change is handed to
 * all of them. */
#include "app/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/service.h"

struct sl_faults {
    struct sl_net *net;
    const struct sl_registry *registry;
    struct sl_fault_list *list;
    struct sl_buffer lines; /* of the settings, as they were read last; with a NUL behind */
};

static const char *listener_name(const struct sl_registry *registry, size_t index)
{
    return sl_service_id_name(sl_registry_listener(registry, index)->service);
}

static void faults_publish(void *context, const char *listener, struct sl_fault_set *set)
{
    struct sl_faults *faults = context;

    for (size_t i = 0; i < sl_registry_listener_count(faults->registry); i++) {
        if (strcmp(listener_name(faults->registry, i), listener) == 0)
            sl_net_set_faults(faults->net, i, set);
    }
}

static bool is_new_name(const struct sl_fault_listener *listeners, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(listeners[i].name, name) == 0)
            return false;
    }
    return true;
}

static struct sl_fault_list *list_new(struct sl_faults *faults)
{
    struct sl_fault_listener listeners[SL_LISTENERS_MAX] = {0};
    size_t count = 0;

    for (size_t i = 0; i < sl_registry_listener_count(faults->registry); i++) {
        const char *name = listener_name(faults->registry, i);

        if (!is_new_name(listeners, count, name))
            continue;
        strncpy(listeners[count].name, name, SL_FAULT_NAME_SIZE - 1);
        if (sl_registry_listener(faults->registry, i)->transport == SL_UDP)
            listeners[count].transport = SL_FAULT_ON_DATAGRAMS;
        count++;
    }
    return sl_fault_list_new(listeners, count, faults_publish, faults);
}

/* The rules of the settings, a line each. */
static int lines_of(const struct sl_config *config, struct sl_buffer *lines)
{
    int failed = 0;

    for (size_t i = 0; i < config->faults.count && !failed; i++)
        failed = sl_buffer_printf(lines, "%s\n", config->faults.items[i]);
    return failed ? failed : sl_buffer_append(lines, "", 1);
}

static int faults_apply(struct sl_faults *faults, struct sl_error *error)
{
    struct sl_rule_error wrong;
    unsigned line;
    int code = sl_fault_list_replace(faults->list, (const char *)faults->lines.data, &line, &wrong);

    return code == 0 ? 0 : sl_error_set(error, code, "fault: %s", wrong.detail);
}

struct sl_faults *sl_faults_new(struct sl_net *net, const struct sl_registry *registry,
                                const struct sl_config *config, struct sl_error *error)
{
    struct sl_faults *faults = calloc(1, sizeof(*faults));

    if (faults) {
        faults->net = net;
        faults->registry = registry;
        faults->list = list_new(faults);
    }
    if (!faults || !faults->list || lines_of(config, &faults->lines) < 0) {
        sl_error_set(error, -ENOMEM, "out of memory");
        sl_faults_free(faults);
        return NULL;
    }
    if (config->faults.count == 0 || faults_apply(faults, error) == 0)
        return faults;
    sl_faults_free(faults);
    return NULL;
}

void sl_faults_reload(struct sl_faults *faults, const struct sl_config *config, struct sl_log *log)
{
    struct sl_buffer lines = SL_BUFFER_INIT, before = faults->lines;
    struct sl_error error;

    if (lines_of(config, &lines) < 0 ||
        strcmp((const char *)lines.data, (const char *)before.data) == 0) {
        sl_buffer_deinit(&lines);
        return;
    }
    faults->lines = lines;
    if (faults_apply(faults, &error) == 0) {
        sl_log_info(log, "the fault rules are those of the settings");
        sl_buffer_deinit(&before);
        return;
    }
    sl_log_error(log, "%s; the rules are not changed", error.text);
    faults->lines = before;
    sl_buffer_deinit(&lines);
}

struct sl_fault_list *sl_faults_list(const struct sl_faults *faults)
{
    return faults ? faults->list : NULL;
}

void sl_faults_free(struct sl_faults *faults)
{
    if (!faults)
        return;
    sl_fault_list_free(faults->list);
    sl_buffer_deinit(&faults->lines);
    free(faults);
}

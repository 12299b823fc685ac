#include "app/health_targets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "app/ready_file.h"

static void name_target(struct sl_health_target *target, const char *place)
{
    snprintf(target->name, sizeof(target->name), "%s %s",
             target->service ? target->service->option : "http", place);
}

static int add_unix(struct sl_health_targets *targets, const struct sl_service *service,
                    const struct sl_endpoint *endpoint)
{
    struct sl_health_target *target = &targets->items[targets->count++];
    char place[128];

    *target = (struct sl_health_target){.service = service, .address.family = AF_UNIX};
    memcpy(target->unix_path, endpoint->unix_path, sizeof(target->unix_path));
    snprintf(place, sizeof(place), "unix:%s", endpoint->unix_path);
    name_target(target, place);
    return 0;
}

static int add_addresses(struct sl_health_targets *targets, const struct sl_service *service,
                         const struct sl_endpoint *endpoint, struct sl_error *error)
{
    struct sl_address addresses[16];
    size_t room = SL_HEALTH_PROBES_MAX - targets->count;
    int count = sl_endpoint_resolve(endpoint->host, endpoint->port,
                                    service && !service->stream ? SOCK_DGRAM : SOCK_STREAM,
                                    addresses, room < 16 ? room : 16, error);

    for (int i = 0; i < count; i++) {
        struct sl_health_target *target = &targets->items[targets->count++];
        char place[SL_ADDRESS_TEXT_SIZE];

        *target = (struct sl_health_target){.service = service, .address = addresses[i]};
        sl_address_format(&addresses[i], place);
        name_target(target, place);
    }
    return count < 0 ? count : 0;
}

static int add(struct sl_health_targets *targets, const struct sl_service *service,
               const struct sl_endpoint *endpoint, struct sl_error *error)
{
    if (targets->count == SL_HEALTH_PROBES_MAX)
        return 0;
    if (*endpoint->unix_path)
        return add_unix(targets, service, endpoint);
    if (endpoint->port == 0)
        return sl_error_set(error, -EINVAL,
                            "which port the kernel chose for %s is known to the ready file alone: "
                            "name it with --ready-file",
                            service ? service->option : "http");
    return add_addresses(targets, service, endpoint, error);
}

static int add_list(struct sl_health_targets *targets, const struct sl_service *service,
                    const struct sl_endpoint_list *list, struct sl_error *error)
{
    int result = 0;

    for (size_t i = 0; i < list->count && result == 0; i++)
        result = add(targets, service, &list->items[i], error);
    return result;
}

static int find_in_config(struct sl_health_targets *targets, const struct sl_config *config,
                          struct sl_error *error)
{
    int result = add_list(targets, NULL, &config->http, error);

    for (int id = 0; id < SL_SERVICE_COUNT && result == 0; id++)
        result =
            add_list(targets, sl_service_get((enum sl_service_id)id), &config->services[id], error);
    return result;
}

static const struct sl_service *service_of_key(const char *key)
{
    for (int id = 0; id < SL_SERVICE_COUNT; id++)
        if (strcmp(sl_service_get((enum sl_service_id)id)->key, key) == 0)
            return sl_service_get((enum sl_service_id)id);
    return NULL;
}

static int add_ready(void *context, const char *key, const char *address, struct sl_error *error)
{
    struct sl_endpoint endpoint;
    int result = sl_endpoint_parse(address, &endpoint, error);

    return result < 0 ? result : add(context, service_of_key(key), &endpoint, error);
}

int sl_health_targets_find(struct sl_health_targets *targets, const struct sl_config *config,
                           struct sl_error *error)
{
    int result;

    targets->count = 0;
    result = config->ready_file ? sl_ready_file_read(config->ready_file, add_ready, targets, error)
                                : find_in_config(targets, config, error);
    if (result == 0 && targets->count == 0)
        return sl_error_set(error, -ENOTCONN, "there is nothing to ask: every listener is off");
    return result;
}

/* Linux takes 0.0.0.0 and [::] as "this machine" when it connects. */
int sl_health_target_connect(const struct sl_health_target *target, int fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct sockaddr_storage storage;
    socklen_t size;

    if (target->address.family == AF_UNIX) {
        memcpy(name.sun_path, target->unix_path, sizeof(name.sun_path));
        return connect(fd, (struct sockaddr *)&name, sizeof(name));
    }
    size = sl_address_to_sockaddr(&target->address, &storage);
    return connect(fd, (struct sockaddr *)&storage, size);
}

#include "app/listeners.h"

#include "app/exposure.h"
#include "socklens/service.h"

static int adopt(struct sl_net *net, const struct sl_service *service,
                 const struct sl_inherited *inherited, struct sl_error *error)
{
    int fd = -1, result = 0;

    while (result == 0 && (fd = sl_inherited_next(inherited, service->key, fd)) >= 0)
        result = sl_net_adopt(net, service->id, fd, error);
    return result;
}

static int open_service(struct sl_net *net, const struct sl_service *service,
                        const struct sl_endpoint_list *list, struct sl_error *error)
{
    int result = 0;

    for (size_t i = 0; i < list->count && result == 0; i++)
        result = sl_net_listen(net, service->id, &list->items[i], error);
    return result;
}

int sl_listeners_open(struct sl_net *net, const struct sl_config *config,
                      const struct sl_inherited *inherited, struct sl_error *error)
{
    int result = 0;

    for (int id = 0; id < SL_SERVICE_COUNT && result == 0; id++) {
        const struct sl_service *service = sl_service_get((enum sl_service_id)id);

        if (sl_inherited_next(inherited, service->key, -1) >= 0)
            result = adopt(net, service, inherited, error);
        else
            result = open_service(net, service, &config->services[id], error);
    }
    return result;
}

bool sl_listeners_want_http(const struct sl_config *config, const struct sl_inherited *inherited)
{
    return !config->http.off || sl_inherited_next(inherited, "http", -1) >= 0;
}

int sl_listeners_open_http(struct sl_http *http, const struct sl_config *config,
                           const struct sl_inherited *inherited, struct sl_error *error)
{
    int fd = sl_inherited_next(inherited, "http", -1);
    int result = 0;

    for (size_t i = 0; fd < 0 && i < config->http.count && result == 0; i++)
        result = sl_http_listen(http, &config->http.items[i], error);
    for (; fd >= 0 && result == 0; fd = sl_inherited_next(inherited, "http", fd)) {
        result = sl_exposure_check_socket(config, fd, error);
        if (result == 0)
            result = sl_http_adopt(http, fd, error);
    }
    return result;
}

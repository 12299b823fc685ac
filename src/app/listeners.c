/* Opens the listeners of the settings, or takes those that systemd has opened
 * (sd_listen_fds(3)): where a name has inherited sockets, its settings are not used. */
#include "app/listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/exposure.h"
#include "socklens/service.h"

static int adopt(struct sl_net *net, const struct sl_service *service,
                 const struct sl_inherited *inherited, struct sl_error *error)
{
    int fd = -1, result = 0;

    while (result == 0 && (fd = sl_inherited_next(inherited, service->key, fd)) >= 0)
        result = sl_net_adopt(net, service->id, fd, error);
    return result;
}

static uint16_t newest_port_of(const struct sl_registry *registry)
{
    size_t count = sl_registry_listener_count(registry);

    return sl_registry_listener(registry, count - 1)->address.port;
}

static int open_service(struct sl_net *net, const struct sl_registry *registry,
                        const struct sl_service *service, const struct sl_endpoint_list *list,
                        struct sl_error *error)
{
    int result = 0;

    for (size_t i = 0; i < list->count && result == 0; i++) {
        struct sl_endpoint endpoint = list->items[i];
        bool chosen = endpoint.follows && endpoint.port == 0;

        if (chosen)
            endpoint.port = newest_port_of(registry);
        result = sl_net_listen(net, service->id, &endpoint, error);
        if (result == -EADDRINUSE && chosen)
            result = sl_net_listen(net, service->id, &list->items[i], error);
    }
    return result;
}

int sl_listeners_open(struct sl_net *net, const struct sl_registry *registry,
                      const struct sl_config *config, const struct sl_inherited *inherited,
                      struct sl_error *error)
{
    int result = 0;

    for (int id = 0; id < SL_SERVICE_COUNT && result == 0; id++) {
        const struct sl_service *service = sl_service_get((enum sl_service_id)id);

        if (sl_inherited_next(inherited, service->key, -1) >= 0)
            result = adopt(net, service, inherited, error);
        else
            result = open_service(net, registry, service, &config->services[id], error);
    }
    return result;
}

bool sl_listeners_want_http(const struct sl_config *config, const struct sl_inherited *inherited)
{
    return !config->http.off || sl_inherited_next(inherited, "http", -1) >= 0;
}

static uint16_t newest_port(const struct sl_httpd *httpd)
{
    const char *name = sl_httpd_listener_name(httpd, sl_httpd_listener_count(httpd) - 1);

    return (uint16_t)strtoul(strrchr(name, ':') + 1, NULL, 10);
}

static int open_http(struct sl_httpd *httpd, const struct sl_endpoint_list *list,
                     struct sl_error *error)
{
    int result = 0;

    for (size_t i = 0; i < list->count && result == 0; i++) {
        struct sl_endpoint endpoint = list->items[i];
        bool chosen = endpoint.follows && endpoint.port == 0;

        if (chosen)
            endpoint.port = newest_port(httpd);
        result = sl_httpd_listen(httpd, &endpoint, error);
        if (result == -EADDRINUSE && chosen)
            result = sl_httpd_listen(httpd, &list->items[i], error);
    }
    return result;
}

int sl_listeners_open_http(struct sl_httpd *httpd, const struct sl_config *config,
                           const struct sl_inherited *inherited, struct sl_error *error)
{
    int fd = sl_inherited_next(inherited, "http", -1);
    int result = fd < 0 ? open_http(httpd, &config->http, error) : 0;

    for (; fd >= 0 && result == 0; fd = sl_inherited_next(inherited, "http", fd)) {
        result = sl_exposure_check_socket(config, fd, error);
        if (result == 0)
            result = sl_httpd_adopt(httpd, fd, error);
    }
    return result;
}

#include "app/exposure.h"

/* A name that stands for more addresses than this is refused like one that is not loopback. */
#define ADDRESSES_MAX 16

/* A name that cannot be resolved is reported where it is listened on. */
static bool is_local(const struct sl_endpoint *endpoint)
{
    struct sl_address addresses[ADDRESSES_MAX];
    struct sl_error error;
    int count;

    if (*endpoint->unix_path)
        return true;
    count = sl_endpoint_resolve(endpoint->host, endpoint->port, SOCK_STREAM, addresses,
                                ADDRESSES_MAX, &error);
    for (int i = 0; i < count; i++)
        if (!sl_address_is_loopback(&addresses[i]))
            return false;
    return count < ADDRESSES_MAX;
}

void sl_exposure_check(const struct sl_config *config, struct sl_problems *problems,
                       struct sl_problems *warnings)
{
    for (size_t i = 0; i < config->http.count; i++) {
        const struct sl_endpoint *endpoint = &config->http.items[i];

        if (is_local(endpoint))
            continue;
        if (config->http_open)
            sl_problems_add(warnings, "http: anyone who reaches %s sees all traffic",
                            endpoint->host);
        else
            sl_problems_add(problems,
                            "http: %s can be reached from other machines, and everyone there would "
                            "see all traffic; try --http=127.0.0.1:%u, or --http-open if that is "
                            "meant",
                            endpoint->host, endpoint->port);
    }
}

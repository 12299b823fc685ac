/* Refuses a dashboard that other machines reach and nothing protects: whoever reaches it sees
 * all traffic. */
#include "socklens/exposure.h"

#include <errno.h>
#include <sys/socket.h>

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

void sl_exposure_check(const struct sl_config *config, struct sl_config_errors *errors,
                       struct sl_config_errors *warnings)
{
    for (size_t i = 0; i < config->http.count; i++) {
        const struct sl_endpoint *endpoint = &config->http.items[i];

        if (config->token_file || is_local(endpoint))
            continue;
        if (config->http_open)
            sl_config_errors_add(warnings, "http: everyone who can reach %s sees all traffic",
                                 endpoint->host);
        else
            sl_config_errors_add(errors,
                                 "http: %s can be reached from other machines, which would see all "
                                 "traffic; give --http=127.0.0.1:%u, --token-file or --http-open",
                                 endpoint->host, endpoint->port);
    }
}

/* What is no socket is reported where it is used. */
int sl_exposure_check_socket(const struct sl_config *config, int fd, struct sl_error *error)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    struct sl_address address;
    char name[SL_ADDRESS_TEXT_SIZE];

    if (config->http_open || config->token_file ||
        getsockname(fd, (struct sockaddr *)&storage, &size) < 0 ||
        (storage.ss_family != AF_INET && storage.ss_family != AF_INET6))
        return 0;
    address = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    if (sl_address_is_loopback(&address))
        return 0;
    sl_address_format(&address, name);
    return sl_error_set(
        error, -EACCES,
        "http: the inherited socket %s can be reached from other machines, which would see all "
        "traffic; bind it to 127.0.0.1, or give --token-file or --http-open",
        name);
}

/* What --check-config looks at beyond the words of the settings: files and places that the start
 * would need. */
#include "app/checks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ready_file.h"
#include "socklens/folder.h"
#include "socklens/service.h"
#include "socklens/store.h"

#define ADDRESSES_MAX 16

/* Below this a port may need a privilege (ip_unprivileged_port_start). */
#define PRIVILEGED_END 1024

void sl_checks_services(const struct sl_config *config, struct sl_config_errors *errors,
                        struct sl_config_errors *warnings)
{
    for (int id = 0; id < SL_SERVICE_COUNT; id++)
        if (!config->services[id].off)
            return;
    if (getenv("LISTEN_FDS"))
        return;
    if (config->http.off)
        sl_config_errors_add(errors, "nothing to serve: all servers and http are none");
    else
        sl_config_errors_add(warnings, "all servers are none: only the dashboard is served");
}

/* Binds for a moment, to any port where none below PRIVILEGED_END is meant: 0 or a positive errno.
 */
static int try_address(struct sl_address address, int socktype)
{
    struct sockaddr_storage storage;
    socklen_t size;
    int fd, code;

    if (address.port >= PRIVILEGED_END)
        address.port = 0;
    size = sl_address_to_sockaddr(&address, &storage);
    fd = socket(address.family, socktype | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    code = bind(fd, (const struct sockaddr *)&storage, size) < 0 ? errno : 0;
    close(fd);
    return code == EADDRINUSE ? 0 : code;
}

static void check_host(const struct sl_endpoint *endpoint, const char *option, int socktype,
                       struct sl_config_errors *errors)
{
    struct sl_address addresses[ADDRESSES_MAX];
    char name[SL_ADDRESS_TEXT_SIZE];
    struct sl_error error;
    int count = sl_endpoint_resolve(endpoint->host, endpoint->port, socktype, addresses,
                                    ADDRESSES_MAX, &error);

    if (count < 0)
        sl_config_errors_add(errors, "%s: %s", option, error.text);
    for (int i = 0; i < count; i++) {
        int code = try_address(addresses[i], socktype);

        sl_address_format(&addresses[i], name);
        if (code != 0)
            sl_config_errors_add(errors, "%s: cannot listen on %s: %s", option, name,
                                 strerror(code));
    }
}

static void check_unix(const char *path, const char *option, struct sl_config_errors *errors)
{
    struct stat status;
    int code = -sl_folder_check(path);

    if (code == 0 && lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
        code = EADDRINUSE;
    if (code != 0)
        sl_config_errors_add(errors, "%s: cannot listen on unix:%s: %s", option, path,
                             strerror(code));
}

static void check_list(const struct sl_endpoint_list *list, const char *option, int socktype,
                       struct sl_config_errors *errors)
{
    for (size_t i = 0; i < list->count; i++)
        if (*list->items[i].unix_path)
            check_unix(list->items[i].unix_path, option, errors);
        else
            check_host(&list->items[i], option, socktype, errors);
}

/* RuntimeDirectory= of systemd.exec(5). */
static bool is_made_at_start(const char *path)
{
    return strncmp(path, "/run/", 5) == 0;
}

static void check_ready_file(const char *path, struct sl_config_errors *errors)
{
    struct sl_error error;
    int code = -sl_folder_check(path);

    if (sl_ready_file_check(path, &error) < 0)
        sl_config_errors_add(errors, "ready-file: %s", error.text);
    else if (code != 0 && !(code == ENOENT && is_made_at_start(path)))
        sl_config_errors_add(errors, "ready-file: cannot write the ready file %s: %s", path,
                             strerror(code));
}

void sl_checks_places(const struct sl_config *config, struct sl_config_errors *errors)
{
    struct sl_error error;

    for (int id = 0; id < SL_SERVICE_COUNT; id++) {
        const struct sl_service *service = sl_service_get((enum sl_service_id)id);

        check_list(&config->services[id], service->option,
                   service->stream ? SOCK_STREAM : SOCK_DGRAM, errors);
    }
    check_list(&config->http, "http", SOCK_STREAM, errors);
    if (config->store && strcmp(config->store, "memory") != 0 &&
        sl_store_check(config->store, &error) < 0)
        sl_config_errors_add(errors, "store: %s", error.text);
    if (config->ready_file)
        check_ready_file(config->ready_file, errors);
}

/* A config file. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "socklens/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("config", MFD_CLOEXEC);
    char name[] = "socklens", flag[] = "--config", path[64];
    char *arguments[] = {name, flag, path, NULL}, *none[] = {NULL};
    struct sl_config_errors errors = {0}, warnings = {0};
    struct sl_config config = {0};
    int result;

    demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    result = sl_config_load(&config, 3, arguments, none, &errors, &warnings);
    demand((result < 0) == (errors.count > 0));
    if (result == 0)
        demand(config.workers >= 1 && config.workers <= 64 && config.udp_idle_ns > 0);
    sl_config_deinit(&config);
    sl_config_errors_deinit(&errors);
    sl_config_errors_deinit(&warnings);
    close(fd);
    return 0;
}

/* Addresses as a person writes them: listeners, targets and the Host header. */
#include "fuzz.h"

#include "httpd/hosts.h"
#include "socklens/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size), host[256], port[8];
    struct sl_endpoint endpoint = {0};
    struct sl_target target = {0};
    struct sl_error error = {{0}};

    if (sl_endpoint_parse(text, &endpoint, &error) < 0)
        demand(*error.text);
    if (sl_target_parse(text, &target, &error) == 0)
        demand(target.first_port > 0 && target.first_port <= target.last_port &&
               target.prefix <= (target.network.family == AF_INET ? 32 : 128));
    if (sl_host_split(text, host, port))
        demand(strlen(host) < sizeof(host) && strlen(port) < sizeof(port));
    free(text);
    return 0;
}

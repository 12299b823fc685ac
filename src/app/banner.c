/* What is printed at the start: where each listener is, for a person and for the course's
 * transcripts. */
#include "app/banner.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "socklens/service.h"

#define ROW "  %-15s %s\n"

static bool has_every_ipv4(const struct sl_registry *registry, const struct sl_listener_info *like)
{
    for (size_t i = 0; i < sl_registry_listener_count(registry); i++) {
        const struct sl_listener_info *one = sl_registry_listener(registry, i);

        if (one->service == like->service && one->address.family == AF_INET &&
            sl_address_is_wildcard(&one->address))
            return true;
    }
    return false;
}

/* Which families a wildcard serves, as its text does not say that. */
static const char *reach(const struct sl_registry *registry,
                         const struct sl_listener_info *listener)
{
    if (listener->transport == SL_UNIX || !sl_address_is_wildcard(&listener->address))
        return "";
    if (listener->address.family == AF_INET)
        return " (every IPv4 address)";
    return has_every_ipv4(registry, listener) ? " (every IPv6 address)"
                                              : " (every IPv6 address, no IPv4)";
}

static void print_service(FILE *out, const struct sl_registry *registry,
                          const struct sl_service *service)
{
    size_t found = 0;

    for (size_t i = 0; i < sl_registry_listener_count(registry); i++) {
        const struct sl_listener_info *listener = sl_registry_listener(registry, i);

        if (listener->service == service->id)
            fprintf(out, "  %-15s %s%s\n", found++ == 0 ? service->title : "", listener->name,
                    reach(registry, listener));
    }
    if (found == 0)
        fprintf(out, ROW, service->title, "off");
}

/* A browser cannot open 0.0.0.0 or [::]: loopback is the address that always works from here. */
static void print_dashboard(FILE *out, const char *label, const char *scheme, const char *name)
{
    const char *host = NULL;

    if (strncmp(name, "unix:", 5) == 0) {
        fprintf(out, ROW, label, name);
        return;
    }
    if (strncmp(name, "0.0.0.0:", 8) == 0)
        host = "127.0.0.1";
    else if (strncmp(name, "[::]:", 5) == 0)
        host = "[::1]";
    if (host)
        fprintf(out, "  %-15s %s://%s%s/ (and this machine's other addresses)\n", label, scheme,
                host, strrchr(name, ':'));
    else
        fprintf(out, "  %-15s %s://%s/\n", label, scheme, name);
}

void sl_banner_print(FILE *out, const struct sl_registry *registry, const struct sl_httpd *httpd,
                     const char *log, uint64_t journal_bytes)
{
    fprintf(out, "socklens %s\n", SOCKLENS_VERSION);
    for (int id = 0; id < SL_SERVICE_COUNT; id++)
        print_service(out, registry, sl_service_get((enum sl_service_id)id));
    if (!httpd)
        fprintf(out, ROW, "Dashboard", "off");
    for (size_t i = 0; httpd && i < sl_httpd_listener_count(httpd); i++)
        print_dashboard(out, i == 0 ? "Dashboard" : "", sl_httpd_scheme(httpd),
                        sl_httpd_listener_name(httpd, i));
    if (log)
        fprintf(out, ROW, "Log", log);
    else
        fprintf(out, "  %-15s in memory, %" PRIu64 " MiB\n", "Log", journal_bytes >> 20);
    fflush(out);
}

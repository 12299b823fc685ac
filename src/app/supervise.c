#include "app/supervise.h"

#include "app/manager.h"
#include "app/signals.h"

/* The description is what makes it a sign of life: it needs every lock. */
static void report(const struct sl_gateway *gateway, const char *state)
{
    char text[128], message[192];

    sl_gateway_describe(gateway, text, sizeof(text));
    snprintf(message, sizeof(message), "%s\nSTATUS=%s", state, text);
    sl_manager_notify(message);
}

int sl_supervise(const struct sl_gateway *gateway, int signals)
{
    int64_t every_ns = sl_manager_watchdog_ns();
    int number;

    report(gateway, "READY=1");
    while ((number = sl_signals_wait(signals, every_ns)) == 0)
        report(gateway, "WATCHDOG=1");
    sl_manager_notify("STOPPING=1\nSTATUS=stopping");
    return number;
}

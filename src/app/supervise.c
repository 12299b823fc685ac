/* SIGHUP has two meanings. A service manager or a person sends it to a daemon to have the settings
 * read again; the kernel and the shell send it when the terminal goes away, and then who was
 * started from that terminal ends, unless nohup(1) had it ignored. The terminal tells which it is:
 * whether there was one at the start and is none any more. */
#include "app/supervise.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "app/manager.h"
#include "app/signals.h"
#include "socklens/clock.h"

#define LOOK_EVERY_NS (5 * SL_NS_PER_S)

/* The description is what makes it a sign of life: it needs every lock. */
static void report(const struct sl_server *server, const char *state)
{
    char text[128], message[192];

    sl_server_describe(server, text, sizeof(text));
    snprintf(message, sizeof(message), "%s\nSTATUS=%s", state, text);
    sl_manager_notify(message);
}

/* Nothing is said of a server that hangs: the manager then ends it. */
static void report_life(const struct sl_supervision *supervision)
{
    const char *stuck = sl_server_stuck(supervision->server);

    if (stuck)
        sl_log_error(supervision->log, "%s is stuck", stuck);
    else
        report(supervision->server, "WATCHDOG=1");
}

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void reload(const struct sl_supervision *supervision)
{
    char message[64];

    snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             sl_clock_mono_ns() / SL_NS_PER_US);
    sl_manager_notify(message);
    sl_reload(&supervision->command_line, supervision->config, supervision->server,
              supervision->log);
    report(supervision->server, "READY=1");
}

/* One worker's ports are its own, and an idle server then sleeps. */
static int64_t look_every_ns(const struct sl_supervision *supervision)
{
    return supervision->config->workers > 1 ? LOOK_EVERY_NS : 0;
}

int sl_supervise(const struct sl_supervision *supervision, int signals)
{
    int64_t every_ns = sl_manager_watchdog_ns(), look_ns = look_every_ns(supervision);
    bool from_terminal = has_terminal();

    if (look_ns > 0 && (every_ns == 0 || every_ns > look_ns))
        every_ns = look_ns;
    report(supervision->server, "READY=1");
    for (;;) {
        int number = sl_signals_wait(signals, every_ns);

        if (number == 0) {
            report_life(supervision);
            sl_server_look_around(supervision->server);
        } else if (number == SIGHUP && (!from_terminal || has_terminal())) {
            reload(supervision);
        } else {
            sl_manager_notify("STOPPING=1\nSTATUS=stopping");
            return number;
        }
    }
}

#ifndef SOCKLENS_APP_SUPERVISE_H
#define SOCKLENS_APP_SUPERVISE_H

#include "app/gateway.h"
#include "app/reload.h"

struct sl_supervision {
    struct sl_command_line command_line;
    struct sl_config *config; /* the gateway's */
    struct sl_gateway *gateway;
    struct sl_log *log;
};

/* The main thread's part while the others serve: tells the service manager that the gateway is
 * ready and, as often as it asks for that, alive; reads the settings again on SIGHUP. Returns the
 * signal that asks to stop (see signals.h). */
int sl_supervise(const struct sl_supervision *supervision, int signals);

#endif

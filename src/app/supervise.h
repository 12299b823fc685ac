#ifndef SOCKLENS_APP_SUPERVISE_H
#define SOCKLENS_APP_SUPERVISE_H

#include "app/reload.h"
#include "app/server.h"

struct sl_supervision {
    struct sl_command_line command_line;
    struct sl_config *config; /* the server's */
    struct sl_server *server;
    struct sl_log *log;
};

/* The main thread's part while the others serve: tells the service manager that the server is
 * ready and, as often as it asks for that, alive; reads the settings again on SIGHUP. Returns the
 * signal that asks to stop (see signals.h). */
int sl_supervise(const struct sl_supervision *supervision, int signals);

#endif

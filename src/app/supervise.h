#ifndef SOCKLENS_APP_SUPERVISE_H
#define SOCKLENS_APP_SUPERVISE_H

#include "app/gateway.h"

/* The main thread's part while the others serve: tells the service manager that the gateway is
 * ready and, as often as it asks for that, alive. Returns the signal that asks to stop (see
 * signals.h). */
int sl_supervise(const struct sl_gateway *gateway, int signals);

#endif

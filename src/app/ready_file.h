/* --ready-file: tells a script that waits where everything really listens. */
#ifndef SOCKLENS_APP_READY_FILE_H
#define SOCKLENS_APP_READY_FILE_H

#include "socklens/error.h"
#include "socklens/httpd.h"
#include "socklens/registry.h"

/* Refuses what is not a regular file: it is about to be replaced. */
int sl_ready_file_check(const char *path, struct sl_error *error);

/* Removes what an earlier run may have left, so that nobody takes it for ours, after
 * that check. */
int sl_ready_file_clear(const char *path, struct sl_error *error);

/* {"udp_upper":["127.0.0.1:12000"],...,"http":["127.0.0.1:8080"]}, each key always there. Readers
 * see the whole file or none. */
int sl_ready_file_write(const char *path, const struct sl_registry *registry,
                        const struct sl_httpd *httpd, struct sl_error *error);

/* Reads what the running server has written: calls `take` with each key's each address until one
 * call fails. 0, or a negative errno with `error` set. */
int sl_ready_file_read(const char *path,
                       int (*take)(void *context, const char *key, const char *address,
                                   struct sl_error *error),
                       void *context, struct sl_error *error);

#endif

#ifndef SOCKLENS_APP_BANNER_H
#define SOCKLENS_APP_BANNER_H

#include <stdint.h>
#include <stdio.h>

#include "socklens/httpd.h"
#include "socklens/registry.h"

/* Where everything is, for a person. `http` may be NULL (off), `log` is the log's file or NULL. */
void sl_banner_print(FILE *out, const struct sl_registry *registry, const struct sl_httpd *httpd,
                     const char *log, uint64_t journal_bytes);

#endif

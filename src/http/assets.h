/* The dashboard's files as the build embeds them: web/meson.build makes the table. */
#ifndef SOCKLENS_HTTP_ASSETS_H
#define SOCKLENS_HTTP_ASSETS_H

#include <stddef.h>

struct sl_asset {
    const char *path;         /* "/", "/app.js" */
    const char *content_type; /* "text/html; charset=utf-8" */
    const char *etag;         /* strong, with its quotes */
    const unsigned char *data;
    size_t size;
    const unsigned char *gzip; /* NULL where it would not be smaller */
    size_t gzip_size;
};

extern const struct sl_asset sl_assets[];
extern const size_t sl_assets_count;

#endif

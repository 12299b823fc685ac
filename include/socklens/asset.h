/* The dashboard's files, out of the program's own memory. */
#ifndef SOCKLENS_ASSET_H
#define SOCKLENS_ASSET_H

#include <stddef.h>

#include "socklens/answer.h"
#include "socklens/header.h"

struct sl_asset {
    const char *path;         /* "/", "/app.js" */
    const char *content_type; /* "text/html; charset=utf-8" */
    const char *etag;         /* strong, with its quotes */
    const unsigned char *data;
    size_t size;
    const unsigned char *gzip; /* NULL where it would not be smaller */
    size_t gzip_size;
};

/* The table of the dashboard's files, which web/meson.build makes. */
extern const struct sl_asset sl_assets[];
extern const size_t sl_assets_count;

/* NULL where there is none at that path. */
const struct sl_asset *sl_asset_find(const char *path);

/* 200 with the bytes, gzipped where the client takes that, or 304 where it has them (If-None-Match,
 * RFC 9110 section 13.1.2), or 406. The two forms have tags of their own, as strong tags must. */
void sl_asset_answer(const struct sl_asset *asset, const struct sl_headers *headers,
                     struct sl_answer *answer);

#endif

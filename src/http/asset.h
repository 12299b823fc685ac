/* The dashboard's files, out of the program's own memory. */
#ifndef SOCKLENS_HTTP_ASSET_H
#define SOCKLENS_HTTP_ASSET_H

#include "http/answer.h"
#include "http/assets.h"
#include "http/header.h"

/* NULL where there is none at that path. */
const struct sl_asset *sl_asset_find(const char *path);

/* 200 with the bytes, gzipped where the client takes that, or 304 where it has them (If-None-Match,
 * RFC 9110 section 13.1.2), or 406. The two forms have tags of their own, as strong tags must. */
void sl_asset_answer(const struct sl_asset *asset, const struct sl_headers *headers,
                     struct sl_answer *answer);

#endif

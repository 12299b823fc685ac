/* The dashboard's files: compression and ETag (RFC 9110 section 13.1.2). */
#include "socklens/asset.h"

#include <stdio.h>
#include <string.h>

#include "httpd/guard.h"

const struct sl_asset *sl_asset_find(const char *path)
{
    for (size_t i = 0; i < sl_assets_count; i++) {
        if (strcmp(sl_assets[i].path, path) == 0)
            return &sl_assets[i];
    }
    return NULL;
}

/* "abc" to "abc-gzip", within its quotes. */
static void gzip_etag(const char *etag, char out[96])
{
    size_t size = strlen(etag);

    snprintf(out, 96, "%.*s-gzip\"", (int)(size > 0 ? size - 1 : 0), etag);
}

/* Weak comparison: a leading W/ does not count. Tags hold no commas of ours. */
static bool has_tag(const char *list, const char *etag)
{
    size_t size = strlen(etag);

    if (list && strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; at && (at = strstr(at, etag)); at += size) {
        if (at[size] == '\0' || strchr(", \t", at[size]))
            return true;
    }
    return false;
}

void sl_asset_answer(const struct sl_asset *asset, const struct sl_headers *headers,
                     struct sl_answer *answer)
{
    bool gzip = asset->gzip && sl_list_has(sl_headers_get(headers, "Accept-Encoding"), "gzip");
    struct sl_problem problem;
    char etag[96];

    if (sl_guard_accept(headers, asset->content_type, &problem) != 0) {
        sl_answer_problem(answer, &problem);
        return;
    }
    if (gzip)
        gzip_etag(asset->etag, etag);
    else
        snprintf(etag, sizeof(etag), "%s", asset->etag);
    answer->cacheable = true;
    sl_answer_header(answer, "ETag", "%s", etag);
    sl_answer_header(answer, "Vary", "Accept-Encoding");
    if (has_tag(sl_headers_get(headers, "If-None-Match"), etag)) {
        answer->status = 304;
        return;
    }
    answer->status = 200;
    answer->content_type = asset->content_type;
    answer->fixed = gzip ? asset->gzip : asset->data;
    answer->fixed_size = gzip ? asset->gzip_size : asset->size;
    if (gzip)
        sl_answer_header(answer, "Content-Encoding", "gzip");
}

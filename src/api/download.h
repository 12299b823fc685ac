/* An export on its way: the log in one of the formats of export.h, from its beginning, or behind a
 * number, to what was newest when it was asked for, or on and on.
 *
 * It has no queue either (see stream.h): what it writes next is made when the reader has taken what
 * was made before, so that its memory does not depend on how much there is or how slow the reader
 * is. One that follows wakes with the journal; comings and goings alone are looked for each
 * second. */
#ifndef SOCKLENS_API_DOWNLOAD_H
#define SOCKLENS_API_DOWNLOAD_H

#include "socklens/body_stream.h"
#include "socklens/export.h"
#include "socklens/filter.h"
#include "socklens/query.h"

#define SL_DOWNLOAD_BATCH_BYTES ((size_t)64 << 10)

struct sl_api;

struct sl_download_options {
    enum sl_export_format format;
    bool follow;
    struct sl_filter filter;
};

/* 0 or a status with `problem`; on failure nothing is left to free. */
unsigned sl_download_options_from_query(struct sl_download_options *options,
                                        const struct sl_query *query, struct sl_problem *problem);

/* Takes over `options`. NULL where there is no memory. */
struct sl_body_stream *sl_download_new(struct sl_api *api, struct sl_download_options *options);

#endif

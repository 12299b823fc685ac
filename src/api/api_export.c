/* An export on its way: the log in one of the formats of export.h, from its beginning, or behind a
 * number, to what was newest when it was asked for, or on and on.
 *
 * It has no queue either (see stream.h): what it writes next is made when the reader has taken what
 * was made before, so that its memory does not depend on how much there is or how slow the reader
 * is. One that follows wakes with the journal; client events alone are looked for each second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/send_buffer.h"
#include "api/state.h"
#include "socklens/body_stream.h"
#include "socklens/export.h"

#define PATIENCE_S     600
#define FOLLOW_NS      SL_NS_PER_S
#define BATCH_BYTES    ((size_t)64 << 10)
#define OUT_KEPT_BYTES (2 * BATCH_BYTES)

struct download {
    struct sl_body_stream body_stream;
    struct sl_api *api;
    struct sl_export_params asked;
    struct sl_exporter *exporter;
    struct sl_history_walk walk;
    uint64_t end_seq; /* the last exchange that belongs to it */
    bool begun, ended, failed;
    struct sl_buffer out;
    size_t out_at; /* bytes of `out` that have left */
};

/* --- what it writes --- */

static bool is_full(const struct download *download)
{
    return download->failed || download->out.size >= BATCH_BYTES;
}

/* Who came or went behind the last exchange still belongs to it. */
static bool add_record(void *context, const struct sl_record *record, const char *listener)
{
    struct download *download = context;
    bool exchange = record->kind == SL_RECORD_EXCHANGE;

    if (record->seq - !exchange > download->end_seq)
        return false;
    if (sl_exporter_record(download->exporter, record, listener, &download->out) < 0)
        download->failed = true;
    return !is_full(download);
}

static bool add_gap(void *context, const struct sl_gap *gap, const char *reason)
{
    struct download *download = context;
    uint64_t to = gap->to < download->end_seq ? gap->to : download->end_seq;

    if (gap->from <= to &&
        sl_exporter_gap(download->exporter, gap->from, to, reason, &download->out) < 0)
        download->failed = true;
    return !is_full(download);
}

static void begin(struct download *download)
{
    download->begun = true;
    download->walk =
        (struct sl_history_walk){.filter = &download->asked.filter,
                                 .lifecycle = download->asked.format == SL_EXPORT_PCAPNG,
                                 .place = {.seq = download->asked.filter.after_seq + 1},
                                 .record = add_record,
                                 .gap = add_gap,
                                 .context = download};
    download->failed = sl_exporter_begin(download->exporter, &download->out) < 0;
}

static void end(struct download *download)
{
    download->ended = true;
    if (sl_exporter_end(download->exporter, &download->out) < 0)
        download->failed = true;
}

/* The step to say where nothing was written. */
static enum sl_stream_step produce(struct download *download)
{
    struct sl_waiter *waiter = &download->body_stream.waiter;
    struct sl_budget budget = sl_history_budget(&download->api->history);
    enum sl_history_step walked;

    if (!download->begun)
        begin(download);
    walked = sl_history_read(&download->api->history, &download->walk, &budget);
    if (walked == SL_HISTORY_BEHIND) {
        waiter->deadline_ns = sl_clock_mono_ns() + SL_HISTORY_RETRY_NS;
        return SL_STREAM_WAIT;
    }
    if (walked == SL_HISTORY_END && download->asked.follow) {
        waiter->deadline_ns = sl_clock_mono_ns() + FOLLOW_NS;
        return SL_STREAM_WAIT;
    }
    if (walked == SL_HISTORY_END || download->walk.place.seq - 1 > download->end_seq)
        end(download);
    return SL_STREAM_YIELD;
}

static enum sl_stream_step next(struct download *download)
{
    enum sl_stream_step step = SL_STREAM_YIELD;
    unsigned due;

    sl_outgoing_forget(&download->out, &download->out_at, OUT_KEPT_BYTES);
    if (download->ended)
        return SL_STREAM_END;
    due = sl_waiters_take(download->body_stream.waiters, &download->body_stream.waiter);
    if (!(due & SL_DUE_STOP))
        step = produce(download);
    else if (download->begun && download->asked.follow)
        end(download); /* as if it had been asked for until now */
    else
        return SL_STREAM_BROKEN;
    return download->failed ? SL_STREAM_BROKEN : step;
}

static enum sl_stream_step read_download(struct sl_body_stream *body_stream, char *bytes,
                                         size_t max, size_t *size)
{
    struct download *download = (struct download *)body_stream;
    enum sl_stream_step step;

    if (download->out_at == download->out.size) {
        step = next(download);
        if (download->out.size == 0 || step == SL_STREAM_BROKEN)
            return step;
    }
    *size = sl_outgoing_copy(&download->out, &download->out_at, bytes, max);
    return SL_STREAM_BYTES;
}

/* --- its life --- */

static void free_download(struct sl_body_stream *body_stream)
{
    struct download *download = (struct download *)body_stream;

    sl_waiters_remove(body_stream->waiters, &body_stream->waiter);
    sl_exporter_free(download->exporter);
    sl_filter_deinit(&download->asked.filter);
    sl_buffer_deinit(&download->out);
    atomic_fetch_sub(&download->api->streams, 1);
    free(download);
}

static uint64_t newest_seq(struct sl_api *api)
{
    uint64_t oldest, newest;

    sl_history_bounds(&api->history, &oldest, &newest);
    return newest;
}

/* Takes over `asked`. NULL where there is no memory. */
static struct sl_body_stream *download_new(struct sl_api *api, struct sl_export_params *asked)
{
    struct download *download = calloc(1, sizeof(*download));
    struct sl_exporter *exporter = sl_exporter_new(asked->format);

    if (!download || !exporter) {
        sl_exporter_free(exporter);
        sl_filter_deinit(&asked->filter);
        free(download);
        return NULL;
    }
    atomic_fetch_add(&api->streams, 1);
    download->api = api;
    download->asked = *asked;
    download->exporter = exporter;
    download->end_seq = asked->follow ? INT64_MAX : newest_seq(api);
    download->body_stream = (struct sl_body_stream){
        .waiter = {.wants = asked->follow ? SL_DUE_MESSAGES : 0, .fd = -1},
        .waiters = sl_httpd_waiters(api->httpd),
        .fd = -1,
        .patience_s = PATIENCE_S,
        .more = true,
        .read = read_download,
        .free = free_download,
    };
    sl_waiters_add(sl_httpd_waiters(api->httpd), &download->body_stream.waiter);
    return &download->body_stream;
}

/* socklens-20260131T120000Z.pcapng */
static void name_file(struct sl_answer *answer, enum sl_export_format format)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32];

    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &utc);
    sl_answer_header(answer, "Content-Disposition", "attachment; filename=\"socklens-%s.%s\"", text,
                     sl_export_extension(format));
}

static void open_download(struct sl_request *request, struct sl_export_params *asked,
                          struct sl_answer *answer)
{
    struct sl_api *api = sl_api_of(request);
    struct sl_problem problem;

    if (atomic_load(&api->streams) >= api->streams_max) {
        sl_filter_deinit(&asked->filter);
        sl_problem_set(&problem, 503, NULL, NULL, "all %zu streams are taken", api->streams_max);
        sl_answer_problem(answer, &problem);
        return;
    }
    answer->body_stream = download_new(api, asked);
    if (!answer->body_stream)
        sl_answer_json(answer, true);
}

enum sl_step sl_api_export(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_export_params asked = {0};
    struct sl_problem problem;

    if (sl_query_read(&request->query, &asked, &problem) != 0) {
        sl_filter_deinit(&asked.filter);
        return sl_request_refuse(answer, &problem);
    }
    /* The address has named a format, whatever Accept says: many clients always ask for JSON. */
    answer->status = 200;
    answer->content_type = sl_export_content_type(asked.format);
    name_file(answer, asked.format);
    if (strcmp(request->method, "HEAD") == 0)
        sl_filter_deinit(&asked.filter);
    else
        open_download(request, &asked, answer);
    return SL_STEP_ANSWER;
}

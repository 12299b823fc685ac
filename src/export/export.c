/* The table of export formats. Each is a set of functions; the exporter only dispatches. */
#include "socklens/export.h"

#include <stdlib.h>
#include <string.h>

#include "export/format.h"

struct sl_exporter {
    const struct export_format *format;
    void *state;
};

static const struct export_format *const formats[SL_EXPORT_COUNT] = {
    [SL_EXPORT_NDJSON] = &export_ndjson,
    [SL_EXPORT_CSV] = &export_csv,
    [SL_EXPORT_SPREADSHEET] = &export_spreadsheet,
    [SL_EXPORT_PCAPNG] = &export_pcapng,
};

bool sl_export_format_parse(const char *name, enum sl_export_format *format)
{
    for (unsigned i = 0; i < SL_EXPORT_COUNT; i++) {
        if (strcmp(name, formats[i]->name) == 0) {
            *format = (enum sl_export_format)i;
            return true;
        }
    }
    return false;
}

const char *sl_export_content_type(enum sl_export_format format)
{
    return formats[format]->content_type;
}

const char *sl_export_extension(enum sl_export_format format)
{
    return formats[format]->extension;
}

struct sl_exporter *sl_exporter_new(enum sl_export_format format)
{
    struct sl_exporter *exporter = calloc(1, sizeof(*exporter));

    if (!exporter)
        return NULL;
    exporter->format = formats[format];
    if (!exporter->format->new_state)
        return exporter;
    exporter->state = exporter->format->new_state();
    if (exporter->state)
        return exporter;
    free(exporter);
    return NULL;
}

void sl_exporter_free(struct sl_exporter *exporter)
{
    if (!exporter)
        return;
    if (exporter->format->free_state)
        exporter->format->free_state(exporter->state);
    free(exporter);
}

/* All or nothing. */
static int settle(int error, struct sl_buffer *out, size_t size_before)
{
    if (error != 0)
        out->size = size_before;
    return error;
}

int sl_exporter_begin(struct sl_exporter *exporter, struct sl_buffer *out)
{
    size_t before = out->size;

    if (!exporter->format->begin)
        return 0;
    return settle(exporter->format->begin(exporter->state, out), out, before);
}

int sl_exporter_record(struct sl_exporter *exporter, const struct sl_record *record,
                       const char *listener, struct sl_buffer *out)
{
    size_t before = out->size;

    return settle(exporter->format->record(exporter->state, record, listener, out), out, before);
}

int sl_exporter_gap(struct sl_exporter *exporter, uint64_t from, uint64_t to, const char *reason,
                    struct sl_buffer *out)
{
    size_t before = out->size;

    return settle(exporter->format->gap(exporter->state, from, to, reason, out), out, before);
}

int sl_exporter_end(struct sl_exporter *exporter, struct sl_buffer *out)
{
    size_t before = out->size;

    if (!exporter->format->end)
        return 0;
    return settle(exporter->format->end(exporter->state, out), out, before);
}

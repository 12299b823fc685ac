/* What the course's servers print, line for line, made from the records of the journal. */
#ifndef SOCKLENS_APP_TRANSCRIPT_TEXT_H
#define SOCKLENS_APP_TRANSCRIPT_TEXT_H

#include "socklens/buffer.h"
#include "socklens/journal.h"
#include "socklens/registry.h"

/* The chats that are open where the transcript has come to. While several are, the course's lines
 * get the client's address in front, without which nobody could tell whose they are. */
struct sl_transcript_chats {
    struct sl_buffer clients; /* ids, uint64_t */
};

void sl_transcript_chats_deinit(struct sl_transcript_chats *chats);

/* All of these append whole lines: 0, or -ENOMEM with nothing appended. */

/* What each listener says when it begins. */
int sl_transcript_start(struct sl_buffer *out, const struct sl_registry *registry);

/* What the record's server would have printed; nothing where the course prints nothing. */
int sl_transcript_record(struct sl_buffer *out, struct sl_transcript_chats *chats,
                         const struct sl_registry *registry, const struct sl_record *record);

/* Also asks the registry which chats are open now: the records that said so are lost. */
int sl_transcript_gap(struct sl_buffer *out, struct sl_transcript_chats *chats,
                      struct sl_registry *registry, const struct sl_gap *gap);

#endif

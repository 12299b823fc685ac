/* --transcript: follows the journal and writes the course's lines to a descriptor. */
#ifndef SOCKLENS_APP_TRANSCRIPT_H
#define SOCKLENS_APP_TRANSCRIPT_H

#include <stdint.h>

#include "socklens/error.h"
#include "socklens/journal.h"
#include "socklens/log.h"
#include "socklens/registry.h"

struct sl_transcript;

/* Starts a thread that writes to `fd` (not closed here) first what the listeners say, so they must
 * all be there, then what the journal holds from its oldest record on. A reader of `fd` that is
 * slow or gone slows or ends the transcript alone. SIGPIPE must be blocked or ignored; SIGRTMIN
 * gets a handler for its own use. Journal, registry and log must outlive it. NULL with `error` set
 * on failure. */
struct sl_transcript *sl_transcript_new(int fd, struct sl_journal *journal,
                                        struct sl_registry *registry, struct sl_log *log,
                                        struct sl_error *error);

/* Writes what the journal holds, but gives a blocked `fd` up after `timeout_ns`; ends the thread.
 * Idempotent. */
void sl_transcript_stop(struct sl_transcript *transcript, int64_t timeout_ns);

/* Stops at once if it still runs. NULL is fine. */
void sl_transcript_free(struct sl_transcript *transcript);

#endif

/* Prints messages as the course's own programs do, from a thread that follows the journal. Standard
 * output may block for ever, so it is written through an outlet, which a stop can interrupt. */
#include "app/transcript.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "app/transcript_text.h"
#include "socklens/clock.h"
#include "socklens/outlet.h"

#define BATCH_SIZE 65536

/* After a wake the thread lets messages gather this long: under load it then costs a worker that
 * appends nothing, and a person does not see the difference. */
#define GATHER_NS (10 * SL_NS_PER_MS)

struct sl_transcript {
    struct sl_outlet outlet;
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_transcript_chats chats;
    struct sl_log *log;
    struct sl_cursor cursor;
    struct sl_waker *waker;
    struct sl_buffer out;
    int stop_fd; /* eventfd: readable once it has to end */
};

/* Writes all of the buffer; false where nobody reads any more. */
static bool flush(struct sl_transcript *transcript)
{
    struct sl_buffer *out = &transcript->out;
    int result = sl_outlet_write(&transcript->outlet, out->data, out->size, NULL);

    out->size = 0;
    if (result < 0 && result != -ECANCELED)
        sl_log_warning(transcript->log, "the transcript ends: %s", strerror(-result));
    return result == 0;
}

/* Appends up to a batch of records to the buffer; false at the end of the journal. A record for
 * which there is no memory is left out: the server has worse problems then. */
static bool gather(struct sl_transcript *transcript)
{
    struct sl_buffer *out = &transcript->out;

    while (out->size < BATCH_SIZE) {
        const struct sl_record *record;
        struct sl_gap gap;

        switch (sl_cursor_next(&transcript->cursor, &record, &gap)) {
        case SL_READ_END:
            return false;
        case SL_READ_RECORD:
            sl_transcript_record(out, &transcript->chats, transcript->registry, record);
            break;
        case SL_READ_GAP:
            sl_transcript_gap(out, &transcript->chats, transcript->registry, &gap);
            break;
        }
    }
    return true;
}

/* Writes on to the end of the journal; false where nobody reads any more. */
static bool catch_up(struct sl_transcript *transcript)
{
    bool more = true;

    while (more) {
        more = gather(transcript);
        if (!flush(transcript))
            return false;
    }
    return true;
}

/* Sleeps until the journal has more; false once the transcript has to end. */
static bool wait_for_more(struct sl_transcript *transcript)
{
    struct pollfd fds[] = {{.fd = transcript->stop_fd, .events = POLLIN},
                           {.fd = sl_waker_fd(transcript->waker), .events = POLLIN}};

    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    if (fds[0].revents == 0)
        nanosleep(&(struct timespec){.tv_nsec = GATHER_NS}, NULL);
    return fds[0].revents == 0;
}

static void *run(void *context)
{
    struct sl_transcript *transcript = context;

    pthread_setname_np(pthread_self(), "transcript");
    sl_transcript_start(&transcript->out, transcript->registry);
    for (bool more = true; catch_up(transcript) && more;) {
        sl_waker_arm(transcript->waker);
        if (!catch_up(transcript))
            break;
        more = wait_for_more(transcript);
    }
    return NULL;
}

static int start(struct sl_transcript *transcript, int fd)
{
    struct sl_journal_stats stats;

    transcript->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (transcript->stop_fd < 0)
        return -errno;
    transcript->waker = sl_waker_new(transcript->journal);
    if (!transcript->waker)
        return -EMFILE;
    sl_journal_stats(transcript->journal, &stats);
    sl_cursor_seek(&transcript->cursor, transcript->journal, stats.oldest_seq);
    return sl_outlet_start(&transcript->outlet, fd, run, transcript);
}

struct sl_transcript *sl_transcript_new(int fd, struct sl_journal *journal,
                                        struct sl_registry *registry, struct sl_log *log,
                                        struct sl_error *error)
{
    struct sl_transcript *transcript = calloc(1, sizeof(*transcript));
    int result = -ENOMEM;

    if (transcript) {
        *transcript = (struct sl_transcript){
            .journal = journal, .registry = registry, .log = log, .stop_fd = -1};
        result = start(transcript, fd);
    }
    if (result < 0) {
        sl_error_set(error, result, "cannot start the transcript: %s", strerror(-result));
        sl_transcript_free(transcript);
        return NULL;
    }
    return transcript;
}

/* False where the thread cannot be ended: what it uses has to stay. */
static bool stop(struct sl_transcript *transcript, int64_t timeout_ns)
{
    if (transcript->stop_fd >= 0)
        eventfd_write(transcript->stop_fd, 1);
    return sl_outlet_stop(&transcript->outlet, timeout_ns, timeout_ns) != SL_OUTLET_STRANDED;
}

void sl_transcript_stop(struct sl_transcript *transcript, int64_t timeout_ns)
{
    bool was_running = transcript->outlet.running;

    stop(transcript, timeout_ns);
    if (was_running && atomic_load(&transcript->outlet.given_up))
        sl_log_warning(transcript->log, "the transcript's end is lost: nobody reads it");
}

void sl_transcript_free(struct sl_transcript *transcript)
{
    if (!transcript || !stop(transcript, 0))
        return;
    sl_cursor_close(&transcript->cursor);
    sl_waker_free(transcript->waker);
    if (transcript->stop_fd >= 0)
        close(transcript->stop_fd);
    sl_transcript_chats_deinit(&transcript->chats);
    sl_buffer_deinit(&transcript->out);
    free(transcript);
}

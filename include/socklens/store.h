/* The store: the log on disk, one SQLite file.
 *
 * One writer thread follows the journal and does all writes; another one moves what is committed
 * from the WAL into the file, which may mean to wait for the disk. Readers are read-only
 * connections of their own (WAL: neither waits for the other). Every exchange is one row keyed by
 * its sequence number. Sequence numbers and client ids continue across restarts. SIGXFSZ must be
 * blocked or ignored, so that a limit of file sizes is met like a full disk. */
#ifndef SOCKLENS_STORE_H
#define SOCKLENS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/error.h"
#include "socklens/filter.h"
#include "socklens/journal.h"
#include "socklens/log.h"
#include "socklens/registry.h"

/* 32 hex digits and a NUL. */
#define SL_RUN_SIZE 33

struct sl_store;

/* What exceeds these limits is deleted oldest first, a few milliseconds at a time, its clients with
 * it. */
struct sl_retention {
    uint64_t messages; /* at most so many exchanges; 0: any */
    uint64_t bytes;    /* about this size of the file with its WAL, at least 1 MiB; 0: any */
    int64_t age_ns;    /* none received longer ago than this; 0: any */
};

struct sl_store_options {
    const char *path; /* its folder must exist */
    struct sl_retention retention;
};

/* Opens or creates the file and takes it for this process alone (PATH.lock). A run that was killed
 * is ended: clients that it has left open get the time of its last message as their end, closed by
 * the server, reason shutdown; their row in `runs` stays without an end.
 *   in use by another server         -EBUSY
 *   written by a newer socklens, or   -EPROTO, the file is left as it is
 *   a database of another program
 *   damaged                           moved aside as PATH.damaged-TIME with a warning in the log,
 *                                     and a fresh one is begun
 *   no directory, no permission, ...  a negative errno
 * with `error` set. */
int sl_store_open(const struct sl_store_options *options, struct sl_log *log,
                  struct sl_store **store, struct sl_error *error);

/* Whether it could, as far as that shows without opening it: its folder, who may write, whose file
 * it is. Another server may have it. 0, or a negative errno with `error` set. */
int sl_store_check(const char *path, struct sl_error *error);

/* Resolved, for a person. */
const char *sl_store_path(const struct sl_store *store);

/* What the journal and the registry begin with. `log_id` is 32 hex digits: made with the file, and
 * anew after a run that was killed, since that one may have shown numbers to somebody that were
 * not written yet and are given to other exchanges now. `run` is random too, and this start's: it
 * stands in the file, synced to the disk, before sl_store_open returns (on a full disk: before the
 * first exchange does). Before sl_store_start: the writer's thread may open the file anew. */
uint64_t sl_store_next_seq(const struct sl_store *store);
uint64_t sl_store_next_client(const struct sl_store *store);
const char *sl_store_log_id(const struct sl_store *store);
const char *sl_store_run_id(const struct sl_store *store);

/* Up to here the log was cleared, by this run or an earlier one; 0: never. */
uint64_t sl_store_cleared_seq(const struct sl_store *store);

/* Starts the writer on a journal whose first exchange has sl_store_next_seq. The registry gives the
 * listeners' names, all of which must be there. Both must outlive the store. */
int sl_store_start(struct sl_store *store, struct sl_journal *journal,
                   const struct sl_registry *registry, struct sl_error *error);

/* Writes what the journal holds, lets go of what retention does not allow, ends the thread; on a
 * full disk it gives up after one try and says what is missing. Idempotent. */
void sl_store_stop(struct sl_store *store);

/* All readers must be closed before. Stops if need be. NULL is fine. */
void sl_store_free(struct sl_store *store);

/* Takes effect at the writer's next step. Any thread. */
void sl_store_set_retention(struct sl_store *store, const struct sl_retention *retention);

/* Asks the writer to delete every exchange up to and with `seq`, in steps. Returns at once; any
 * thread. Sequence numbers go on where they were. */
void sl_store_clear(struct sl_store *store, uint64_t seq);

/* False where somebody has just put another file in the place of the log or of its WAL: until the
 * writer has seen to it, within some seconds, the two do not belong together, and must not be
 * read. */
bool sl_store_is_current(const struct sl_store *store);

/* Says that a reader met a broken page (-EBADMSG): the writer moves the file aside and begins a
 * fresh one with what the journal holds. Any thread. */
void sl_store_report_damage(struct sl_store *store);

enum sl_store_state {
    SL_STORE_RECORDING,
    SL_STORE_DISK_FULL, /* paused; resumes by itself when there is space */
    SL_STORE_FAILED,    /* paused after another error; the file is opened again each second */
    SL_STORE_BLOCKED,   /* paused: a reader, or a disk that does not sync, keeps the WAL from being
                         * moved into the file, and it is as large as it may become */
};

const char *sl_store_state_name(enum sl_store_state state); /* "recording", "disk_full", "failed",
                                                             * "blocked" */

struct sl_store_stats {
    enum sl_store_state state;
    uint64_t oldest_seq, newest_seq; /* of the committed messages; newest < oldest: none */
    uint64_t messages;               /* rows */
    uint64_t file_bytes;             /* with its WAL */
    uint64_t wal_bytes;              /* of these */
    uint64_t lost;        /* this run's exchanges that left the journal before they were written */
    uint64_t gaps;        /* explicit holes that these are */
    char last_error[160]; /* "" where there was none in this run */
};

void sl_store_stats(struct sl_store *store, struct sl_store_stats *stats);

/* --- reading: each reader one thread at a time --- */

struct sl_store_reader;

/* NULL with `error` set where the file cannot be read. It follows when the server moves a damaged
 * file aside. Works without a server too, on a file in a folder that may be written to. */
struct sl_store_reader *sl_store_reader_open(const char *path, struct sl_error *error);
void sl_store_reader_close(struct sl_store_reader *reader);

/* Before exchange `seq`, after the first `lifecycle` of the client events before it. */
struct sl_store_place {
    uint64_t seq;
    uint32_t lifecycle; /* 0 unless a search with `lifecycle` gave it */
};

/* One bounded step of a search. It visits rows in order of seq from `from` towards `to` (both
 * inclusive; from > to reads backwards) and hands those that match to `visit`, which returns false
 * to stop after this one. It ends, whatever it has found, after `scan_max` rows, or soon
 * after `until_ns` but not before the first row. No transaction stays open after it, so that no
 * search holds a checkpoint back. */
struct sl_store_search {
    const struct sl_filter *filter; /* NULL: all */
    struct sl_store_place from;
    uint64_t to;
    size_t scan_max;
    int64_t until_ns; /* monotonic; 0: no matter how long it takes */
    bool lifecycle; /* forwards only: client events (OPENED and CLOSED) in their places too, of all
                     * clients that the filter's services and client allow; those after the
                     * newest exchange have its seq + 1 */
    /* The record is valid during the call only. Its `listener` is UINT16_MAX, since indices are
     * those of one run; the name is given instead. */
    bool (*visit)(void *context, const struct sl_record *record, const char *listener);
    /* Exchanges that are missing for ever, cut to the range; false stops. NULL: passed over. */
    bool (*gap)(void *context, const struct sl_gap *gap);
    void *context;
};

/* Returns 1 where the range is done, 0 where it stopped before, or a negative errno (-EBADMSG: the
 * file is damaged). *next is the place to go on from, or before which it has failed. */
int sl_store_search(struct sl_store_reader *reader, const struct sl_store_search *search,
                    struct sl_store_place *next);

/* The bounds of the messages in the file; false where there are none. */
bool sl_store_bounds(struct sl_store_reader *reader, uint64_t *oldest_seq, uint64_t *newest_seq);

/* As sl_store_cleared_seq, from the file. Also while a search visits. */
uint64_t sl_store_cleared(struct sl_store_reader *reader);

/* The run that recorded exchange `seq`; false where the file does not say. */
bool sl_store_run_of(struct sl_store_reader *reader, uint64_t seq, char run[SL_RUN_SIZE]);

/* Whether numbers up to and with `seq`, as a run has shown them whose identity begins with `run`,
 * mean the same exchanges here. */
bool sl_store_has_run(struct sl_store_reader *reader, const char *run, uint64_t seq);

/* A client of this or an earlier run; counters and TCP_INFO are there once it is closed. False
 * where the id is unknown. `listener` gets its name, view->listener is UINT16_MAX. */
bool sl_store_client(struct sl_store_reader *reader, uint64_t id, struct sl_client_view *view,
                     char *listener, size_t listener_size);

#endif

/* Inside the room: what the writer's thread works on.
 *
 * Everything below belongs to the thread that opened the store until the writer starts, then to the
 * writer, and to the former again once the writer was joined. What other threads see or set is
 * under `lock` or atomic. */
#ifndef SOCKLENS_STORE_STORE_H
#define SOCKLENS_STORE_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "socklens/store.h"
#include "store/checkpointer.h"
#include "store/database.h"
#include "store/files.h"
#include "store/messages.h"

#define SL_LOG_ID_SIZE 33

struct sl_store {
    char *path; /* resolved */
    struct sl_log *log;
    int lock_fd, file_fd;                 /* PATH.lock, and the file itself */
    sqlite3 *db;                          /* NULL: to be opened (again) */
    struct sl_checkpointer *checkpointer; /* NULL until the writer starts */
    struct sl_messages messages;
    struct sl_journal *journal;
    const struct sl_registry *registry;
    struct sl_cursor cursor;
    struct sl_waker *waker;
    int control_fd; /* eventfd: something was asked for */
    pthread_t thread;
    bool running;
    bool run_begun; /* this run has its row in the file */
    bool has_ballast;
    int64_t started_at_ns;  /* wall clock */
    _Atomic uint64_t inode; /* of the file, to see whether somebody removed or replaced it */
    _Atomic uint64_t wal_inode;
    uint64_t shm_inode;
    uint64_t other_wal;      /* that lay there when the file was closed, and must not be used */
    _Atomic bool opened;     /* and read: `wal_inode` is the WAL's that `db` has */
    int64_t unsettled_at_ns; /* monotonic: since when there is another WAL; 0: it is ours */
    char log_id[SL_LOG_ID_SIZE], run[SL_RUN_SIZE];
    uint64_t first_seq, first_client; /* what this run began with */
    uint64_t next_seq;                /* of the next exchange to be written */
    uint64_t oldest_seq, newest_seq;  /* of the rows; newest < oldest: none */
    uint64_t rows;
    uint64_t unlogged; /* lost, and no line of the program's own log has said so yet */
    bool was_paused;   /* since the last such line */
    uint64_t page_size, pages, free_pages, wal_max;
    uint64_t pages_kept;                /* in use, that the next maintenance may leave; 0: any */
    unsigned delete_rows;               /* a step of retention: as many as take a few ms */
    int wal_frames, wal_checkpointed;   /* in the WAL; of them when it was last moved */
    bool passing;                       /* a pass of the checkpointer was begun */
    int64_t changed_at_ns, look_at_ns;  /* monotonic: last commit, next look once a second */
    int64_t maintained_at_ns;           /* monotonic */
    int64_t retry_at_ns, busy_since_ns; /* monotonic, after an error; 0: none */

    _Atomic bool stopping, damaged, asked; /* asked: something for maintenance */
    _Atomic uint64_t clear_seq;
    pthread_mutex_t lock;
    struct sl_retention retention;
    struct sl_store_stats stats;
};

/* --- file.c: the file as a whole --- */

/* Whether the names of the log and its WAL still mean the files that were opened. */
enum sl_store_change {
    SL_CHANGE_NONE,
    SL_CHANGE_FILE, /* another file has the log's name */
    SL_CHANGE_FILE_GONE,
    SL_CHANGE_WAL, /* another one has the WAL's */
    SL_CHANGE_WAL_GONE,
};

enum sl_store_change sl_store_find_change(const struct sl_store *store);

/* Whether another file, or none, has the log's name now. */
bool sl_store_is_replaced(const struct sl_store *store);

/* The files that were opened last. */
struct sl_files_id sl_store_files(const struct sl_store *store);

/* Reads where the file ends without writing anything, as far as it can be read. */
void sl_store_read_numbers(struct sl_store *store);

/* Opens the file, moving a damaged one aside, and reads where it ends. 0 or a negative errno. */
int sl_store_open_file(struct sl_store *store, struct sl_error *error);

/* One try at that. 0, a negative errno that the caller reports, or with *code set what SQLite
 * says. */
int sl_store_try_open(struct sl_store *store, int *code, struct sl_error *error);

/* Prepares the writer's connection. SQLite's code. */
int sl_store_attach(struct sl_store *store);
void sl_store_close_file(struct sl_store *store);

/* Moves all of the WAL into the file and empties it, waiting for the disk but for no reader. What
 * it could not do stays for a later one: SQLite's code. */
int sl_store_checkpoint(struct sl_store *store);

/* Reads from the file how large it is. SQLite's code. */
int sl_store_measure(struct sl_store *store);

/* Begins a transaction. The one that begins the run is synced to the disk: what it commits is this
 * run's identity, which must outlive a power cut before anybody is shown a number of it. Ends with
 * sl_store_synced once it is committed or rolled back. SQLite's code. */
int sl_store_begin(struct sl_store *store);
void sl_store_synced(struct sl_store *store);

/* Runs what `write` writes in a transaction. SQLite's code. */
int sl_store_transact(struct sl_store *store, int (*write)(struct sl_store *store));

/* Begins this run's row, and ends what a run that was killed has left open. Inside a transaction.
 * SQLite's code. */
int sl_store_begin_run(struct sl_store *store);
int sl_store_end_run(struct sl_store *store);

/* --- replaced.c: another file, or WAL, in the place of the log's --- */

/* Once a second: what to do something about now. SL_CHANGE_NONE, too, while a second step of
 * whoever changes the files may follow. */
enum sl_store_change sl_store_settled_change(struct sl_store *store, int64_t now_ns);

/* While running: closes the file and opens it again, or, where `why` is given, moves it aside and
 * begins a fresh one that continues with `next_seq`. Where another file has the name now, that one
 * is continued if its numbers allow it, else moved aside. After a failure `db` may be open or NULL,
 * but is not to be written to: call it again. SQLite's code. */
int sl_store_reopen(struct sl_store *store, const char *why);

/* --- stats.c: what other threads see --- */

enum sl_store_state sl_store_state(struct sl_store *store);

/* Says that nothing is written for now, and why. */
void sl_store_pause(struct sl_store *store, enum sl_store_state state, const char *words);

/* Shows other threads what is in the file now. */
void sl_store_publish(struct sl_store *store);

/* --- writer.c --- */

void *sl_store_run(void *store);

/* --- retention.c --- */

/* Deletes one step of what exceeds the limits. *deleted: rows, of messages or of what belongs to
 * them; 0: nothing exceeds them. SQLite's code. */
int sl_retention_step(struct sl_store *store, unsigned *deleted);

/* Size of the file from which on it is shortened; UINT64_MAX: any. */
uint64_t sl_retention_bytes(const struct sl_retention *retention);

#endif

/* The files beside the log's own. All functions take the log's path as it was resolved once. */
#ifndef SOCKLENS_STORE_FILES_H
#define SOCKLENS_STORE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/error.h"
#include "socklens/log.h"

/* The one path of a file, whatever links lead to it: the lock must be the same for all of them.
 * Heap; NULL with `error` set where its folder does not exist. */
char *sl_files_resolve(const char *path, struct sl_error *error);

/* PATH.lock. It is a file of its own because SQLite's locks on the log are POSIX ones, which end
 * when any descriptor of the file is closed. The lock goes with the process, however it ends; the
 * file stays, since removing it could let two in. Returns the descriptor or a negative errno. */
int sl_files_lock(const char *path, struct sl_error *error);

/* Whether an error is one that passes by itself: no space, no disk that answers, read-only for now.
 */
bool sl_files_may_pass(int code);

/* Makes the log's file, readable for its owner only, where there is none. A WAL that lies there
 * already is not of this one: it is set aside. 0 or a negative errno. */
int sl_files_create(const char *path, struct sl_log *log);

/* Locks the log itself too, for a lock on a name does not hold where the file has another one (a
 * hard link) or PATH.lock was removed. flock(2) is apart from SQLite's own locks, but closing the
 * descriptor ends those: only when SQLite has closed the file. Returns the descriptor or a negative
 * errno. */
int sl_files_lock_itself(const char *path, struct sl_error *error);

/* What tells a log that was opened, and its WAL, from others of the same names: see
 * sl_files_inode. 0: there is none. */
struct sl_files_id {
    uint64_t file, wal;
};

/* Renames the log and its WAL to PATH.damaged-TIME with a warning that says why. What is not of
 * `id` stays. 0, -ESTALE where that is the log itself, or another negative errno. */
int sl_files_set_aside(const char *path, struct sl_files_id id, const char *why,
                       struct sl_log *log);

/* The same for a file that is whole but has other messages, to PATH.replaced-TIME. */
int sl_files_set_other_aside(const char *path, struct sl_files_id id, const char *why,
                             struct sl_log *log);

/* A WAL that is another log's, if anything is in it, to PATH.replaced-TIME-wal with a warning. */
void sl_files_set_wal_aside(const char *path, struct sl_log *log);

/* What tells a file (with `suffix` behind its name) from another one of the same name; 0 where
 * there is none. */
uint64_t sl_files_inode(const char *path, const char *suffix);

/* The same of an open file. */
uint64_t sl_files_inode_of(int fd);

/* Whether a WAL lies there that is not this one. */
bool sl_files_has_other_wal(const char *path, uint64_t inode);

/* Removes a file beside the log if it is still that one. */
void sl_files_remove(const char *path, const char *suffix, uint64_t inode);

/* Bytes of the log's WAL; 0: there is none. */
uint64_t sl_files_wal_size(const char *path);

/* Bytes of the log and its WAL. */
uint64_t sl_files_size(const char *path);

/* How large the WAL may become, about: this, but small beside the file system. */
#define SL_FILES_WAL_MAX (UINT64_C(8) << 20)
uint64_t sl_files_wal_max(const char *path);

/* The number of the WAL's last frame that ends a transaction, as its frames say by themselves
 * (SQLite ignores all frames after a damaged one); 0: none. See
 * https://sqlite.org/fileformat2.html#walformat */
uint64_t sl_files_wal_last_commit(const char *path);

/* PATH.ballast holds space that is let go when the disk is full: even deleting rows needs some, and
 * what lies in the WAL has to find room in the file. So it is twice as large as the WAL may become,
 * which allows for the transaction that went over. Making it fails with -ENOSPC unless there is
 * twice its size, so that recording that begins again does not end at once; other failures (no such
 * call on this file system) are for the caller to ignore. */
int sl_files_make_ballast(const char *path);
void sl_files_drop_ballast(const char *path);

#endif

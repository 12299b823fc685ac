/* The thread that waits for the disk.
 *
 * A checkpoint ends in fsync(2), which takes as long as the disk has other work: seconds, on a bad
 * day. The writer would commit nothing meanwhile, so the checkpoints run here, on a connection of
 * their own, beside its commits. They only ever move what is committed (SQLite's passive mode) and
 * neither wait for readers nor keep anybody from writing. */
#ifndef SOCKLENS_STORE_CHECKPOINTER_H
#define SOCKLENS_STORE_CHECKPOINTER_H

#include <stdbool.h>

struct sl_checkpointer;

/* NULL where memory, a thread or a descriptor is missing. */
struct sl_checkpointer *sl_checkpointer_new(const char *path);

/* Waits for a pass that is under way. NULL is fine. */
void sl_checkpointer_free(struct sl_checkpointer *checkpointer);

/* Begins a pass, where none is under way, over what is committed by now. */
void sl_checkpointer_ask(struct sl_checkpointer *checkpointer);

/* True where no pass is under way, for which it waits up to `timeout_ms` (negative: until then);
 * *moved is then how many of the WAL's frames the last pass found moved, its own included. NULL is
 * fine: none ever is. */
bool sl_checkpointer_wait(struct sl_checkpointer *checkpointer, int timeout_ms, int *moved);

#endif

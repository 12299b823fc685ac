/* A thread that moves what is committed from the WAL into the file, and waits for the disk so that
 * the writer need not. It neither waits for readers nor keeps anybody from writing. */
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

#ifndef SOCKLENS_STATE_FILE_H
#define SOCKLENS_STATE_FILE_H

#include "socklens/error.h"

/* The path of `name` in the folder for what a program keeps: $STATE_DIRECTORY (systemd gives it),
 * else socklens/ in $XDG_STATE_HOME, else in ~/.local/state (XDG base directories, 0.8). The folder
 * is made where it is missing. Heap; NULL with `error` set. */
char *sl_state_file(const char *name, struct sl_error *error);

#endif

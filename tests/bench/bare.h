/*
 * What the bare servers share. They are the yardstick: the fastest simple server one would write,
 * which reads, computes its reply and answers, and does nothing else. No clients, no journal, no
 * limits, no page. Not for use outside the benchmark.
 */
#pragma once

#include <stddef.h>

/* Turns a-z into A-Z in place. */
void sl_bare_upper(char *bytes, size_t size);

/* Returns a socket bound to a free port of 127.0.0.1, or ends the program with a message. */
int sl_bare_socket(int type);

/* Writes {"KEY":["127.0.0.1:PORT"]} to path in one step, as the daemon's --ready-file. */
void sl_bare_announce(const char *path, const char *key, int fd);

/* Prints `WHAT: errno` and ends the program. */
_Noreturn void sl_bare_die(const char *what);

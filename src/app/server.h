/* All rooms put together: what main starts and stops. */
#ifndef SOCKLENS_APP_SERVER_H
#define SOCKLENS_APP_SERVER_H

#include <stdio.h>

#include "socklens/config.h"
#include "socklens/config_errors.h"
#include "socklens/error.h"
#include "socklens/log.h"

struct sl_server;

/* Reads the token, certificate and key that `config` names, as sl_server_new would, where nothing
 * else is wrong. */
void sl_server_check_files(const struct sl_config *config, struct sl_config_errors *errors);

/* Builds everything and opens all listeners. Nothing is answered yet. `config` and `log` must
 * outlive it. NULL with one clear line in `error`. */
struct sl_server *sl_server_new(const struct sl_config *config, struct sl_log *log,
                                struct sl_error *error);

/* Starts the threads, which inherit the caller's signal mask, and then writes the ready file. After
 * a failure only free is left to be called. */
int sl_server_start(struct sl_server *server, struct sl_error *error);

/* To be called every few seconds: looks for what has changed around it (see
 * sl_net_check_port_sharing). */
void sl_server_look_around(struct sl_server *server);

/* Version, addresses, dashboard's URL and the log's place, for a person. */
void sl_server_print_banner(const struct sl_server *server, FILE *out);

/* Names a worker that does not go on, or NULL: see sl_net_health. Any thread. */
const char *sl_server_stuck(struct sl_server *server);

/* How much there is, for a person: "3 clients, 17 messages in memory". Takes each lock that the
 * workers and readers take, so where one of them hangs, so does this. */
void sl_server_describe(const struct sl_server *server, char *text, size_t size);

/* Takes over the limits, idle times and retention that `config` has now, and what now stands in the
 * files of its token, certificate and key. The thread that changes `config`. */
void sl_server_adjust(struct sl_server *server);

/* Drain: removes the ready file, answers what has arrived, closes clients, ends streams, writes the
 * transcript to its end. Bounded (about 5 s). Any one thread; idempotent. */
void sl_server_stop(struct sl_server *server);

/* Stops if need be. NULL is fine. */
void sl_server_free(struct sl_server *server);

#endif

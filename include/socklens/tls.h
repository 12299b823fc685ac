/* TLS for the web side, by GnuTLS: the server's certificate with its key, and a client that is
 * just enough to ask one's own server something. */
#ifndef SOCKLENS_TLS_H
#define SOCKLENS_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "socklens/error.h"

struct sl_tls;

/* Reads a certificate, with those that lead to its root where there are some, and its private key,
 * both PEM, the key without a passphrase. NULL with `error` set, which names the file and what is
 * wrong with it. */
struct sl_tls *sl_tls_new(const char *cert_file, const char *key_file, struct sl_error *error);
void sl_tls_free(struct sl_tls *tls);

/* Reads both again; connections from then on get the new ones. Any thread. 0, or a negative errno
 * with `error` set and all as it was. */
int sl_tls_renew(struct sl_tls *tls, const char *cert_file, const char *key_file,
                 struct sl_error *error);

/* When the certificate ends, on the wall clock. */
int64_t sl_tls_expires_at_s(struct sl_tls *tls);

/* Sends `request` over a new TLS session on `fd`, a connected blocking socket that has timeouts,
 * and reads what comes in one piece as an answer. Whose certificate it is does not matter: for
 * one's own server, which is known by its address. How many bytes, or a negative errno. */
ssize_t sl_tls_ask(int fd, const char *request, char *answer, size_t size);

#endif

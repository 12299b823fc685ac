/* What libmicrohttpd needs of struct sl_tls. */
#ifndef SOCKLENS_HTTPD_TLS_LEND_H
#define SOCKLENS_HTTPD_TLS_LEND_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

struct sl_tls;

/* TLS 1.2 and 1.3, with forward secrecy and authenticated encryption only: every browser since
 * 2014. See gnutls_priority_init(3). */
#define SL_TLS_PRIORITIES                                                                          \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-128-CBC:-AES-256-CBC:"          \
    "-AES-128-CCM:-AES-256-CCM:%SERVER_PRECEDENCE"

/* Copies of certificate and key for one handshake, which GnuTLS frees: a handshake takes several
 * round trips, and the next renewal may come between. 0, or -1. */
int sl_tls_lend(struct sl_tls *tls, gnutls_pcert_st **certs, unsigned *count,
                gnutls_privkey_t *key);

#endif

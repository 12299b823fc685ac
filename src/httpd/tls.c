/* Certificate and key by GnuTLS, which a renewal replaces under a lock while handshakes go on. */
#include "socklens/tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/x509.h>

#include "httpd/tls_lend.h"

#define FILE_SIZE_MAX ((size_t)1 << 20)

struct pair {
    gnutls_x509_crt_t *certs; /* the first is ours, the next has signed it, and so on */
    unsigned count;
    gnutls_x509_privkey_t key;
};

struct sl_tls {
    pthread_mutex_t lock;
    struct pair pair;
};

static void deinit_pair(struct pair *pair)
{
    for (unsigned i = 0; i < pair->count; i++)
        gnutls_x509_crt_deinit(pair->certs[i]);
    gnutls_free(pair->certs);
    if (pair->key)
        gnutls_x509_privkey_deinit(pair->key);
    *pair = (struct pair){0};
}

/* --- the files --- */

static void wipe(gnutls_datum_t *text)
{
    if (text->data)
        explicit_bzero(text->data, text->size);
    free(text->data);
}

static int read_stream(FILE *file, gnutls_datum_t *text)
{
    text->data = malloc(FILE_SIZE_MAX + 1);
    if (!text->data)
        return -ENOMEM;
    text->size = (unsigned)fread(text->data, 1, FILE_SIZE_MAX + 1, file);
    if (ferror(file))
        return -errno;
    return text->size > FILE_SIZE_MAX ? -EFBIG : 0;
}

/* `text` is to be wiped in any case. */
static int read_file(const char *what, const char *path, gnutls_datum_t *text,
                     struct sl_error *error)
{
    FILE *file = fopen(path, "re");
    int code = file ? read_stream(file, text) : -errno;

    if (file)
        fclose(file);
    if (code == 0)
        return 0;
    return sl_error_set(error, code, "cannot read the %s file %s: %s", what, path, strerror(-code));
}

static int read_certs(struct pair *pair, const char *path, struct sl_error *error)
{
    gnutls_datum_t text = {0};
    int code = read_file("certificate", path, &text, error), found;

    if (code == 0) {
        found = gnutls_x509_crt_list_import2(&pair->certs, &pair->count, &text, GNUTLS_X509_FMT_PEM,
                                             GNUTLS_X509_CRT_LIST_SORT);
        if (found < 0)
            code = sl_error_set(error, -EINVAL,
                                "the certificate file %s holds no usable certificate in PEM "
                                "format: %s",
                                path, gnutls_strerror(found));
    }
    wipe(&text);
    return code;
}

static int import_key(struct pair *pair, const gnutls_datum_t *text)
{
    int code = gnutls_x509_privkey_init(&pair->key);

    return code < 0 ? code
                    : gnutls_x509_privkey_import2(pair->key, text, GNUTLS_X509_FMT_PEM, NULL,
                                                  GNUTLS_PKCS_PLAIN);
}

static int read_key(struct pair *pair, const char *path, struct sl_error *error)
{
    gnutls_datum_t text = {0};
    int code = read_file("key", path, &text, error), imported;

    if (code == 0) {
        imported = import_key(pair, &text);
        if (imported == GNUTLS_E_DECRYPTION_FAILED)
            code = sl_error_set(error, -EINVAL,
                                "the key file %s is locked with a passphrase; remove it as in: "
                                "openssl pkey -in %s",
                                path, path);
        else if (imported < 0)
            code = sl_error_set(error, -EINVAL,
                                "the key file %s holds no usable private key in PEM format: %s",
                                path, gnutls_strerror(imported));
    }
    wipe(&text);
    return code;
}

static bool belong_together(const struct pair *pair)
{
    unsigned char of_cert[64], of_key[64];
    size_t cert_size = sizeof(of_cert), key_size = sizeof(of_key);

    return gnutls_x509_crt_get_key_id(pair->certs[0], GNUTLS_KEYID_USE_SHA256, of_cert,
                                      &cert_size) == 0 &&
           gnutls_x509_privkey_get_key_id(pair->key, GNUTLS_KEYID_USE_SHA256, of_key, &key_size) ==
               0 &&
           cert_size == key_size && memcmp(of_cert, of_key, key_size) == 0;
}

static int read_pair(struct pair *pair, const char *cert_file, const char *key_file,
                     struct sl_error *error)
{
    int code = read_certs(pair, cert_file, error);

    if (code == 0)
        code = read_key(pair, key_file, error);
    if (code == 0 && !belong_together(pair))
        code = sl_error_set(error, -EINVAL,
                            "the key in %s is not the one of the first certificate in %s", key_file,
                            cert_file);
    if (code < 0)
        deinit_pair(pair);
    return code;
}

struct sl_tls *sl_tls_new(const char *cert_file, const char *key_file, struct sl_error *error)
{
    struct sl_tls *tls = calloc(1, sizeof(*tls));

    if (!tls) {
        sl_error_set(error, -ENOMEM, "out of memory");
        return NULL;
    }
    if (read_pair(&tls->pair, cert_file, key_file, error) < 0) {
        free(tls);
        return NULL;
    }
    pthread_mutex_init(&tls->lock, NULL);
    return tls;
}

void sl_tls_free(struct sl_tls *tls)
{
    if (!tls)
        return;
    deinit_pair(&tls->pair);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

int sl_tls_renew(struct sl_tls *tls, const char *cert_file, const char *key_file,
                 struct sl_error *error)
{
    struct pair fresh = {0}, before;
    int code = read_pair(&fresh, cert_file, key_file, error);

    if (code < 0)
        return code;
    pthread_mutex_lock(&tls->lock);
    before = tls->pair;
    tls->pair = fresh;
    pthread_mutex_unlock(&tls->lock);
    deinit_pair(&before);
    return 0;
}

int64_t sl_tls_expires_at_s(struct sl_tls *tls)
{
    int64_t at_s;

    pthread_mutex_lock(&tls->lock);
    at_s = gnutls_x509_crt_get_expiration_time(tls->pair.certs[0]);
    pthread_mutex_unlock(&tls->lock);
    return at_s;
}

/* --- for a handshake --- */

static int copy_certs(const struct pair *pair, gnutls_pcert_st **certs, unsigned *count)
{
    int code;

    *count = pair->count;
    *certs = gnutls_calloc(pair->count, sizeof(**certs));
    if (!*certs)
        return GNUTLS_E_MEMORY_ERROR;
    code = gnutls_pcert_import_x509_list(*certs, pair->certs, count, 0);
    if (code < 0)
        gnutls_free(*certs);
    return code;
}

static int copy_key(const struct pair *pair, gnutls_privkey_t *key)
{
    int code = gnutls_privkey_init(key);

    if (code < 0)
        return code;
    code = gnutls_privkey_import_x509(*key, pair->key, GNUTLS_PRIVKEY_IMPORT_COPY);
    if (code < 0)
        gnutls_privkey_deinit(*key);
    return code;
}

int sl_tls_lend(struct sl_tls *tls, gnutls_pcert_st **certs, unsigned *count, gnutls_privkey_t *key)
{
    int code;

    pthread_mutex_lock(&tls->lock);
    code = copy_key(&tls->pair, key);
    if (code == 0) {
        code = copy_certs(&tls->pair, certs, count);
        if (code < 0)
            gnutls_privkey_deinit(*key);
    }
    pthread_mutex_unlock(&tls->lock);
    return code < 0 ? -1 : 0;
}

/* --- the client --- */

static ssize_t talk(gnutls_session_t session, int fd, const char *request, char *answer,
                    size_t size)
{
    ssize_t got;

    gnutls_transport_set_int(session, fd);
    if (gnutls_handshake(session) < 0 || gnutls_record_send(session, request, strlen(request)) < 0)
        return -EPROTO;
    got = gnutls_record_recv(session, answer, size);
    gnutls_bye(session, GNUTLS_SHUT_WR);
    return got < 0 ? -EPROTO : got;
}

ssize_t sl_tls_ask(int fd, const char *request, char *answer, size_t size)
{
    gnutls_certificate_credentials_t nobody = NULL;
    gnutls_session_t session = NULL;
    ssize_t got = -ENOMEM;

    if (gnutls_certificate_allocate_credentials(&nobody) == 0 &&
        gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0 &&
        gnutls_priority_set_direct(session, SL_TLS_PRIORITIES, NULL) == 0 &&
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, nobody) == 0)
        got = talk(session, fd, request, answer, size);
    if (session)
        gnutls_deinit(session);
    if (nobody)
        gnutls_certificate_free_credentials(nobody);
    return got;
}

/* The web server's own listening sockets. */
#ifndef SOCKLENS_HTTPD_HTTP_LISTEN_H
#define SOCKLENS_HTTPD_HTTP_LISTEN_H

#include "httpd/state.h"

/* Opens one listener for each address the endpoint stands for and adds them to `http`. */
int sl_listen(struct sl_httpd *httpd, const struct sl_endpoint *endpoint, struct sl_error *error);

/* Adds a socket that another process listens on; uses `fd` up. */
int sl_listen_adopt(struct sl_httpd *httpd, int fd, struct sl_error *error);

/* Closes the socket and, of a Unix one, removes the path. */
void sl_listen_close(struct sl_httpd_listener *listener);

#endif

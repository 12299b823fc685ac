"""A reverse proxy in front of a gateway, as nginx and Caddy are configured for it."""

import contextlib
import http.server
import threading

from gateway import TIMEOUT_S

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Handler(http.server.BaseHTTPRequestHandler):
    """One request, passed on as it is but for its path's prefix and Host."""

    timeout = TIMEOUT_S
    proxy = None

    def relay(self):
        prefix = self.proxy.prefix
        if not self.path.startswith(prefix + "/"):
            self.send_error(404)
            return
        connection = self.proxy.gateway.http_connection()
        try:
            self.ask(connection, self.path.removeprefix(prefix))
            self.answer(connection.getresponse())
        finally:
            connection.close()

    do_GET = do_POST = do_DELETE = relay  # pylint: disable=invalid-name

    def ask(self, connection, path):
        connection.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
        host = self.proxy.host_for(self.headers["Host"])
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP:
                connection.putheader(name, host if name.lower() == "host" else value)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection.endheaders(body)

    def answer(self, response):
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # who reads a stream hangs up when it has enough
            while data := response.read1():
                self.wfile.write(data)

    def log_message(self, *_):
        """Not said."""


class Proxy:
    """Serves on a port of its own until `close`.

    `host` is what it writes into Host: "passed" on as it came (nginx $http_host, Caddy), the
    "upstream" address (plain proxy_pass), or the "name" without the port (nginx $host).
    """

    def __init__(self, gateway, host="passed", prefix="", certificate=None):
        self.gateway, self.host, self.prefix = gateway, host, prefix
        handler = type("Handler", (Handler,), {"proxy": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if certificate:
            self.server.socket = certificate.server_context().wrap_socket(self.server.socket,
                                                                          server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def address(self):
        return self.server.server_address

    def host_for(self, host):
        if self.host == "upstream":
            return self.gateway.addresses["http"][0]
        return host.rpartition(":")[0] if self.host == "name" else host

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

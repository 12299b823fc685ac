"""Each figure of /status, /clients, /rates and /metrics, computed from the records by its definition."""

import os
import socket
import tempfile
import unittest

from gateway import Gateway, receive_all, receive_line, reset, tcp_connect, udp_socket, wait_until
from prometheus import Page

LINE_END = {"none": 0, "lf": 1, "crlf": 2}
FIGURES = ("received_messages", "received_bytes", "sent_messages", "sent_bytes", "refused",
           "unanswered")


def figures_of(messages):
    """The definitions, as the API's description has them."""
    replied = [one for one in messages if one["outcome"] == "replied"]
    refused = [one for one in messages if one["outcome"].startswith("refused_")]
    return {
        "received_messages": len(messages),
        "received_bytes": sum(one["received"]["size"] + LINE_END[one["line_end"]]
                              for one in messages),
        "sent_messages": len(replied),
        "sent_bytes": sum(one["sent"]["size"] for one in replied),
        "refused": len(refused),
        "unanswered": len(messages) - len(replied) - len(refused),
    }


def figures_in(counted):
    """The same out of a listener or a client of the API."""
    return {"received_messages": counted["received"]["messages"],
            "received_bytes": counted["received"]["bytes"],
            "sent_messages": counted["sent"]["messages"],
            "sent_bytes": counted["sent"]["bytes"],
            "refused": counted["refused"], "unanswered": counted["unanswered"]}


def make_traffic(gateway):
    """Messages with most of the outcomes there are; returns how many."""
    with udp_socket() as sock:
        for text in (b"hello", b"", "ΰ".encode() * 20000):  # the last one's reply is too large
            sock.sendto(text, gateway.udp)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(b"for every host", ("127.255.255.255", gateway.udp[1]))
    with tcp_connect(gateway.tcp) as sock:
        sock.sendall(b"one\n")
        receive_all(sock)
        sock.sendall(b"two\nthree\n")  # after_close, in one record
        wait_until(lambda: gateway.fetch("messages", outcome="after_close")["items"], "it is there")
    with tcp_connect(gateway.chat) as sock:
        for line in (b"\n" * 10, b"four\r\n", b"five\n"):
            sock.sendall(line)
        for _ in range(12):
            receive_line(sock)
    sock = tcp_connect(gateway.chat)
    sock.sendall(b"whole\nhal")
    receive_line(sock)
    reset(sock)
    return 4 + 2 + 12 + 2


class Figures(unittest.TestCase):
    def assert_figures(self, found, messages, what):
        self.assertEqual(found, figures_of(messages), what)

    def all_messages(self, gateway, count):
        return wait_until(
            lambda: (found := gateway.fetch("messages", limit=1000)["items"])[count - 1:] and found,
            f"{count} messages")

    def check(self, gateway, messages):
        status = gateway.status()
        for listener in status["listeners"]:
            self.assert_figures(
                figures_in(listener),
                [one for one in messages if one["service"] == listener["service"]], listener)
        for client in gateway.clients():
            self.assert_figures(figures_in(client),
                                [one for one in messages if one["client"]["id"] == client["id"]],
                                client)
        self.check_metrics(gateway, messages)
        self.check_rates(gateway, messages)

    def check_metrics(self, gateway, messages):
        page = Page(gateway.request_raw("GET", "/metrics")[2].decode())
        names = dict(zip(FIGURES, FIGURES), refused="refused_messages",
                     unanswered="unanswered_messages")
        for service in ("udp-upper", "tcp-upper", "tcp-chat"):
            of_service = [one for one in messages if one["service"] == service]
            found = {name: page.value(f"socklens_{names[name]}_total", service=service)
                     for name in FIGURES}
            self.assert_figures(found, of_service, service)
            for outcome in {one["outcome"] for one in of_service}:
                self.assertEqual(
                    page.value("socklens_messages_total", service=service, outcome=outcome),
                    sum(one["outcome"] == outcome for one in of_service))

    def check_rates(self, gateway, messages):
        def sums():
            return {one["service"]: {name: sum(one[name]) for name in
                                     ("messages", *FIGURES[1:2], *FIGURES[3:])}
                    for one in gateway.fetch("rates")["services"]}

        expected = {}
        for service in ("udp-upper", "tcp-upper", "tcp-chat"):
            figures = figures_of([one for one in messages if one["service"] == service])
            figures["messages"] = figures.pop("received_messages")
            del figures["sent_messages"]
            expected[service] = figures
        wait_until(lambda: sums() == expected, f"the rates come to {expected}")

    def test_sums_agree_in_api_metrics_and_log(self):
        with Gateway(udp_upper=("0.0.0.0:0",)) as gateway:
            wait_until(lambda: gateway.fetch("rates")["services"][0]["messages"], "a second has passed")
            count = make_traffic(gateway)
            messages = self.all_messages(gateway, count)
            wait_until(lambda: not [one for one in gateway.clients(state="open")
                                    if one["transport"] == "tcp"], "connections are closed")
            self.assertLessEqual({"replied", "reply_too_large", "refused_not_unicast",
                                  "after_close", "unfinished"},
                                 {one["outcome"] for one in messages})
            self.check(gateway, messages)

    def test_of_a_killed_run(self):
        """What the file did not learn is counted from its messages."""
        with tempfile.TemporaryDirectory(prefix="socklens-test-") as folder:
            flags = ("--store", os.path.join(folder, "messages.db"))
            gateway = Gateway(*flags)
            with tcp_connect(gateway.chat) as chat, udp_socket() as sock:
                chat.sendall(b"a\r\nbc\n\n")
                for _ in range(3):
                    receive_line(chat)
                sock.sendto("ΰ".encode() * 20000, gateway.udp)
                gateway.wait_for_messages(4)
                wait_until(lambda: gateway.status()["store"]["newest_seq"] == 4, "all is written")
                gateway.kill()
            with Gateway(*flags) as gateway:
                messages = gateway.messages()
                for number in {one["client"]["id"] for one in messages}:
                    found = figures_in(gateway.fetch(f"clients/{number}"))
                    self.assert_figures(
                        found, [one for one in messages if one["client"]["id"] == number], number)
                    self.assertEqual(found["refused"], 0)


if __name__ == "__main__":
    unittest.main()

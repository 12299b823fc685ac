"""socklens-chat: against the course's server, and against servers that misbehave."""

import socket
import subprocess
import time
import unittest

from client_test import CHAT_PROMPT, FAREWELL, ClientTest, shown
from gateway import receive_exactly, reset, wait_until
from programs import CourseServer, Terminal, chat_client, client_command, closed_port, serve


class ChatClient(ClientTest):
    def test_course_server(self):
        with CourseServer("TCPServerTask.py", "Listening at") as server:
            result = chat_client(server.address,
                                 stdin=b"Hi\nTesting Connection\nMessage1\nMessage2\nExit\n")
            self.assert_ends(result, 0, shown(
                b"Your data was 2 bytes", b"Your data was 18 bytes", b"Your data was 8 bytes",
                b"Your data was 8 bytes", b"Disconnect") + FAREWELL)
            listening = f"Listening at ('0.0.0.0', {server.port})\n"
            wait_until(lambda: server.output.count(listening) == 2, "it listens again")
            self.assertRegex(
                server.output.removeprefix(listening).removesuffix(listening),
                r"^The server now is connected to: \('127\.0\.0\.1', (\d+)\)\n"
                rf"Socket connects between \('127\.0\.0\.1', {server.port}\) "
                r"and \('127\.0\.0\.1', \1\)\n"
                r"Received Message from Client: Hi\n"
                r"Received Message from Client: Testing Connection\n"
                r"Received Message from Client: Message1\n"
                r"Received Message from Client: Message2\n"
                r"Received Message from Client: Exit\n"
                r"Reply sent, Server socket closed\n$")

    def test_as_a_person_sees_it(self):
        """The transcript of the course, with what the terminal echoes."""
        with CourseServer("TCPServerTask.py", "Listening at") as server:
            with Terminal(client_command("SOCKLENS_CHAT", server.address)) as terminal:
                for line in (b"Hi", b"Testing Connection", b"Exit"):
                    terminal.wait_for(CHAT_PROMPT)
                    terminal.shown, before = b"", terminal.shown
                    self.assertTrue(before.endswith(CHAT_PROMPT), before)
                    terminal.type(line + b"\n")
                self.assertEqual(terminal.finish(), 0)
                self.assertEqual(terminal.shown, b"Exit\r\nReceived Message from Server: Disconnect"
                                 b"\r\nNow you are disconnected from the server\r\n")

    def test_long_message_against_the_course_server(self):
        """It reads 1024 bytes at a time and confirms each part: all belong to one message."""
        with CourseServer("TCPServerTask.py", "Listening at") as server:
            result = chat_client(server.address, stdin=2500 * b"x" + b"\nHi\nExit\n")
        lines = result.stdout.replace(CHAT_PROMPT, b"").splitlines()
        sizes = [int(line.split()[-2]) for line in lines[:-2]]
        self.assertEqual(sum(sizes[:-1]), 2500)
        self.assertEqual(sizes[-1], 2)
        self.assertEqual(lines[-2:], [b"Received Message from Server: Disconnect",
                                      b"Now you are disconnected from the server"])
        self.assert_ends(result, 0)

    def converse(self, replies, stdin, *arguments):
        """Answers each recv() with the next of `replies`, each a list of separate sends."""
        heard = []

        def conversation(sock):
            for parts in replies:
                heard.append(sock.recv(65536))
                for part in parts:
                    sock.sendall(part)
                    time.sleep(0.05)
        with serve(conversation) as server:
            result = chat_client(server, *arguments, stdin=stdin)
        return heard, result

    def test_reply_in_parts(self):
        heard, result = self.converse([[b"Your da", b"ta was 2", b" bytes"], [b"Disc", b"onnect"]],
                                      b"Hi\nExit\n")
        self.assert_ends(result, 0, shown(b"Your data was 2 bytes", b"Disconnect") + FAREWELL)
        self.assertEqual(heard, [b"Hi", b"Exit"])

    def test_replies_with_line_ends(self):
        _, result = self.converse([[b"Your data was 2 bytes", b"\r\n"], [b"Disconnect\n"]],
                                  b"Hi\nExit\n")
        self.assert_ends(result, 0, shown(b"Your data was 2 bytes", b"Disconnect") + FAREWELL)

    def test_replies_joined(self):
        _, result = self.converse([[b"Your data was 3 bytesYour data was 2 bytes"],
                                   [b"Disconnect"]], b"hello\nExit\n")
        self.assert_ends(result, 0, shown(b"Your data was 3 bytes")
                         + b"Received Message from Server: Your data was 2 bytes\n"
                         + shown(b"Disconnect") + FAREWELL)

    def test_server_with_words_of_its_own(self):
        heard, result = self.converse([[b"got it"], [b"Your data was fine"], [b"bye"]],
                                      b"Hi\nHo\nExit\n")
        self.assert_ends(result, 0, shown(b"got it", b"Your data was fine", b"bye") + FAREWELL)
        self.assertEqual(heard, [b"Hi", b"Ho", b"Exit"])

    def test_server_that_counts_characters(self):
        heard, result = self.converse([[b"Your data was 1 bytes"], [b"Disconnect"]],
                                      "ü\nExit\n".encode())
        self.assert_ends(result, 0, shown(b"Your data was 1 bytes", b"Disconnect") + FAREWELL,
                         b"confirmed 1 of 2 bytes")
        self.assertEqual(heard, ["ü".encode(), b"Exit"])

    def test_server_that_speaks_first(self):
        def conversation(sock):
            sock.sendall(b"Welcome")
            time.sleep(0.2)
            self.assertEqual(sock.recv(100), b"Exit")
            sock.sendall(b"Disconnect")
        with serve(conversation) as server:
            with Terminal(client_command("SOCKLENS_CHAT", server)) as terminal:
                terminal.wait_for(b"Received Message from Server: Welcome\r\n" + CHAT_PROMPT)
                terminal.type(b"Exit\n")
                self.assertEqual(terminal.finish(), 0)

    def test_empty_line_is_asked_again(self):
        heard, result = self.converse([[b"Your data was 2 bytes"], [b"Disconnect"]],
                                      b"\nHi\nExit\n")
        self.assertEqual(heard, [b"Hi", b"Exit"])
        self.assert_ends(result, 0, CHAT_PROMPT + shown(b"Your data was 2 bytes", b"Disconnect")
                         + FAREWELL, b"TCP cannot carry an empty message")

    def test_end_of_input_disconnects_in_order(self):
        heard, result = self.converse([[b"Your data was 2 bytes"], [b"Disconnect"]], b"Hi")
        self.assertEqual(heard, [b"Hi", b"Exit"])
        self.assert_ends(result, 0, shown(b"Your data was 2 bytes") + CHAT_PROMPT +
                         b"\nReceived Message from Server: Disconnect\n" + FAREWELL)

    def test_only_exit_to_the_letter_leaves(self):
        heard, result = self.converse([[b"Your data was 4 bytes"], [b"Your data was 5 bytes"],
                                       [b"Disconnect"]], b"exit\nExit \nExit\n")
        self.assertEqual(heard, [b"exit", b"Exit ", b"Exit"])
        self.assertEqual(result.returncode, 0)

    def test_server_closes_before_the_reply(self):
        _, result = self.converse([[]], b"Hi\n")
        self.assert_ends(result, 1, CHAT_PROMPT, b"closed the connection")

    def test_server_closes_at_the_prompt(self):
        with serve(lambda sock: None) as server:
            command = client_command("SOCKLENS_CHAT", server)
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            self.assertEqual(process.wait(10), 1)
            self.assertIn(b"closed the connection", process.stderr.read())
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()

    def test_server_closes_after_the_last_part_of_its_reply(self):
        _, result = self.converse([[b"Your data was 2 bytes"]], b"Hi\nHo\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"Your data was 2 bytes", result.stdout)
        self.assertNotIn(FAREWELL, result.stdout)

    def test_reset(self):
        def conversation(sock):
            sock.recv(100)
            reset(sock)
        with serve(conversation) as server:
            result = chat_client(server, stdin=b"Hi\n")
        self.assert_ends(result, 1, CHAT_PROMPT, b"reset the connection")

    def test_silent_server(self):
        with serve(lambda sock: receive_exactly(sock, 100)) as server:
            result = chat_client(server, "-w", "200ms", stdin=b"Hi\n")
        self.assert_ends(result, 1, CHAT_PROMPT, b"no reply from 127.0.0.1:%d within 200 ms"
                         % server[1])

    def test_bytes_that_are_no_text(self):
        heard, result = self.converse([[b"Your data was 3 bytes"], [b"Disconnect"]],
                                      b"\xff\x00\x1b\nExit\n")
        self.assertEqual(heard, [b"\xff\x00\x1b", b"Exit"])
        self.assertEqual(result.returncode, 0)

    def test_very_long_line(self):
        size = 3 << 20

        def conversation(sock):
            left = size
            while left > 0:
                got = len(sock.recv(1000000))
                left -= got
                sock.sendall(b"Your data was %d bytes" % got)
            self.assertEqual(sock.recv(100), b"Exit")
            sock.sendall(b"Disconnect")
        with serve(conversation) as server:
            result = chat_client(server, stdin=size * b"x" + b"\nExit\n")
        self.assert_ends(result, 0)
        self.assertTrue(result.stdout.endswith(shown(b"Disconnect") + FAREWELL))

    def test_no_server(self):
        port = closed_port(socket.SOCK_STREAM)
        result = chat_client(("127.0.0.1", port))
        self.assert_ends(result, 1, b"", b"cannot connect to 127.0.0.1:%d" % port)

    def test_reader_of_its_output_goes_away(self):
        """As in `socklens-chat | head -1`: it ends, by SIGPIPE or with an error, and does not hang."""
        def conversation(sock):
            while sock.recv(100):
                sock.sendall(b"Your data was 2 bytes")
        with serve(conversation) as server:
            process = subprocess.Popen(client_command("SOCKLENS_CHAT", server),
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            process.stdout.close()
            process.stdin.write(b"Hi\n" * 10)
            process.stdin.close()
            self.assertNotEqual(process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()

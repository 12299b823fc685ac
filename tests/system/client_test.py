"""What the tests of the three C clients share."""

import unittest

UDP_PROMPT = b"Input lowercase sentence: "
CHAT_PROMPT = b"Enter message to send or type Exit to disconnect: "
FAREWELL = b"Now you are disconnected from the server\n"


def shown(*lines):
    """The chat client's output where nobody echoes what is typed: prompt and reply on one line."""
    return b"".join(CHAT_PROMPT + b"Received Message from Server: " + line + b"\n"
                    for line in lines)


class ClientTest(unittest.TestCase):
    def assert_ends(self, result, status, stdout=None, stderr=None):
        text = f"{result.args}: {result.returncode} {result.stdout!r} {result.stderr!r}"
        self.assertEqual(result.returncode, status, text)
        if stdout is not None:
            self.assertEqual(result.stdout, stdout, text)
        if stderr is None:
            self.assertEqual(result.stderr, b"", text)
        else:
            self.assertIn(stderr, result.stderr, text)
            self.assertEqual(result.stderr.count(b"\n"), 1, text)

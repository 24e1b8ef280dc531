"""In a slice: what is sent is there to be taken, and nothing else is; what is kept can be read."""

import os
import unittest
from urllib.request import urlopen

POSTBOX = os.environ["ONWARD_URL_WRITER"]


def ask(path):
    with urlopen(f"{POSTBOX}/{path}", timeout=5) as answer:
        return answer.read().decode()


class PostboxTest(unittest.TestCase):
    def test_it_answers(self):
        self.assertEqual(ask("healthz"), "healthy")

    def test_what_is_sent_is_taken_and_kept(self):
        if ask("writes") == "nothing":
            self.skipTest("this version writes nothing")
        self.assertEqual(ask("take"), "")
        ask("send/slice")
        self.assertEqual(ask("take"), "slice")
        self.assertEqual(ask("kept/slice"), "slice")

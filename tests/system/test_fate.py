"""`socklens fate`: which messages a fault rule hits, before it hits any."""

import re
import subprocess
import unittest

from gateway import gateway_executable


def fate(*arguments):
    return subprocess.run([gateway_executable(), "fate", *arguments], capture_output=True, text=True,
                          timeout=30, check=False)


class Fate(unittest.TestCase):
    def check(self, arguments, output):
        done = fate(*arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, output, ""))

    def test_fates(self):
        self.check(["loss 4/11 seed 7", "--count", "10"], "....xx.xx.   4 of 10\n")
        self.check(["--count=4", "loss every 2"], ".x.x   2 of 4\n")
        self.check(["loss 30% seed 1"], "xx.x...xx.x..xx.....   8 of 20\n")
        self.check(["loss 100% seed 1", "--count", "1000"], "x" * 1000 + "   1000 of 1000\n")

    def test_another_place_has_other_fates(self):
        self.assertNotEqual(fate("loss 30% seed 7").stdout,
                            fate("loss 30% seed 7", "--place", "1").stdout)

    def test_a_seed_that_is_drawn_is_shown(self):
        shown = re.fullmatch(r"([x.]{20})   (\d+) of 20   (loss 30% seed \d{1,6})\n",
                             fate("loss 30%").stdout)
        self.assertTrue(shown)
        self.check([shown[3]], f"{shown[1]}   {shown[2]} of 20\n")

    def test_mistakes_are_named(self):
        for arguments, part in {
                ("los 30%",): '"los" is no effect; did you mean "loss"?; allowed: loss',
                ("loss 30",): '"30" is no share; try 30%; allowed: ',
                ("loss", "4/11"): "4/11: a rule is one argument: put it in quotes",
                (): "RULE: it is missing",
                ("loss", "--count", "0"): "0: not a number from 1 to 1000",
                ("loss", "--count", "1001"): "1001: not a number from 1 to 1000",
                ("loss", "--count"): "--count: its value is missing",
                ("loss", "--counts", "3"): "--counts: unknown option",
                ("loss", "--place", "16"): "16: not a number from 0 to 15"}.items():
            with self.subTest(arguments):
                done = fate(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("socklens fate: " + part, done.stderr)


if __name__ == "__main__":
    unittest.main()

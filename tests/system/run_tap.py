"""Runs unittest files and reports each test case as one line of TAP, which meson counts.

    run_tap.py test_udp.py [NAME...]      NAME: only tests whose id contains it
"""

import importlib
import os
import sys
import traceback
import unittest

import gateway


class TapResult(unittest.TestResult):
    def __init__(self, out):
        super().__init__()
        self.out = out
        self.count = 0
        self.failed_subtests = set()

    def report(self, verdict, test, note=""):
        self.count += 1
        name = str(test).replace("#", "").splitlines()[0]
        self.out.write(f"{verdict} {self.count} - {name}{note}\n")
        self.out.flush()

    def explain(self, error):
        traceback.print_exception(*error)
        gateway.show_live_output()

    def addSuccess(self, test):
        self.report("ok", test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.report("not ok", test)
        self.explain(error)

    def addError(self, test, error):
        super().addError(test, error)
        self.report("not ok", test)
        self.explain(error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.report("not ok", subtest)
            self.explain(error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report("ok", test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, error):
        self.report("not ok", test, " # TODO expected to fail")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.report("ok", test, " # TODO")


def cases(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases(test)
        else:
            yield test


def main(path, names):
    folder, file = os.path.split(os.path.abspath(path))
    sys.path.insert(0, folder)
    module = importlib.import_module(file.removesuffix(".py"))
    found = cases(unittest.defaultTestLoader.loadTestsFromModule(module))
    suite = unittest.TestSuite(test for test in found
                               if not names or any(name in test.id() for name in names))
    # What a test prints must not be taken for TAP.
    out, sys.stdout = sys.stdout, sys.stderr
    result = TapResult(out)
    suite.run(result)
    out.write(f"1..{result.count}\n")
    out.flush()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

#!/usr/bin/env python3
"""Names the tests that did not pass, one a line: failed_tests.py TREE/meson-logs/testlog.json"""

import json
import sys
from pathlib import Path

for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
    test = json.loads(line)
    if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
        print(test["name"].split(" / ")[-1])

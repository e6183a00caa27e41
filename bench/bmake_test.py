#!/usr/bin/env python3
"""Tests bench/bmake with a bmake that builds nothing."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, "bench")
loader = importlib.machinery.SourceFileLoader("bmake", "bench/bmake")
bmake = importlib.util.module_from_spec(importlib.util.spec_from_loader("bmake", loader))
loader.exec_module(bmake)

FAKE = """#!/bin/sh
touch obj/a.o
[ "$MODE" = meta ] || exit 0
for target in a.o %s; do printf 'V 5\\n# Bye bye\\n' > obj/$target.meta; done
"""


class BmakeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.environ["XDG_CACHE_HOME"] = folder.name
        self.fake = os.path.join(folder.name, "home/build/bmake")
        self.figures = os.path.join(folder.name, "figures.json")
        os.makedirs(os.path.dirname(self.fake))

    def run_with(self, targets):
        with open(self.fake, "w") as script:
            script.write(FAKE % targets)
        os.chmod(self.fake, 0o755)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            bmake.main(["--rounds=2", "--library=none", "--bmake", self.fake,
                        "--json", self.figures])
        return printed.getvalue()

    def test_prints_a_table_and_writes_json(self):
        printed = self.run_with("objects.list")
        self.assertRegex(printed, r"(?m)^bmake -j2 +bare .* 1\.000 ")
        self.assertRegex(printed, r"(?m)^bmake -j2: [0-9.]+, (NOT )?within 1\.10$")
        with open(self.figures) as written:
            self.assertEqual(len(json.load(written)["samples"]["filemon"]), 2)

    def test_refuses_builds_without_logs(self):
        with self.assertRaisesRegex(SystemExit, "filemon left 1 logs"):
            self.run_with("")


if __name__ == "__main__":
    unittest.main()

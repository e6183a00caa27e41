#!/usr/bin/env python3
"""Unit tests of bench/run, and one whole run with a Bazel that builds nothing."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import tempfile
import types
import unittest

loader = importlib.machinery.SourceFileLoader("run", "bench/run")
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
loader.exec_module(run)


class FiguresTest(unittest.TestCase):
    def test_ratios_are_to_bare(self):
        both = run.figures({"bare": [100, 110, 400], "filemon": [150, 120, 440]})
        ours = both["filemon"]
        self.assertEqual(ours["minimum"], 120)
        self.assertEqual(ours["median"], 150)
        self.assertAlmostEqual(ours["ratio_of_minimums"], 1.2)
        self.assertAlmostEqual(ours["ratio_of_medians"], 150 / 110)

    def test_spread_is_of_the_ratios_within_a_round(self):
        # A machine twice as slow in one round disturbs both alike.
        both = run.figures({"bare": [100, 200, 100, 100], "filemon": [120, 240, 120, 120]})
        self.assertEqual(both["filemon"]["quartiles"], [1.2, 1.2])

    def test_one_round_has_figures_too(self):
        self.assertEqual(run.figures({"bare": [7.0]})["bare"]["quartiles"], [1, 1])


class CheckLogTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.bench = types.SimpleNamespace(log=os.path.join(self.folder.name, "log"),
                                           iterations=lambda case, variant: 3)
        self.variant = run.Variant(["filemon", "-o", "LOG"])

    def check(self, text):
        with open(self.bench.log, "w") as log:
            log.write(text)
        run.Bench.check_log(self.bench, "open+close", "filemon", self.variant)

    def test_accepts_a_record_for_each_iteration(self):
        self.check("R 1 f\nR 1 f\nR 1 f\n")

    def test_rejects_too_few_records(self):
        with self.assertRaisesRegex(SystemExit, "2 R records"):
            self.check("R 1 f\nE 1 f\nR 1 f\n")

    def test_rejects_a_missing_log(self):
        with self.assertRaisesRegex(SystemExit, "no log"):
            run.Bench.check_log(self.bench, "open+close", "filemon", self.variant)


class WholeRunTest(unittest.TestCase):
    def test_prints_a_table_and_writes_json(self):
        with tempfile.TemporaryDirectory() as folder:
            bazel = os.path.join(folder, "bazel")
            with open(bazel, "w") as script:
                script.write('#!/bin/sh\n[ "$1" = build ] || echo "%s"\n' % os.getcwd())
            os.chmod(bazel, 0o755)
            out = os.path.join(folder, "figures.json")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                run.main(["--rounds=2", "--cases=open+close,posix_spawn", "--variants=bare,empty",
                          "--example=bench", "--bazel", bazel, "--json", out])
            self.assertRegex(printed.getvalue(), r"(?m)^open\+close +bare .* 1\.00 ")
            self.assertRegex(printed.getvalue(), r"(?m)^posix_spawn +empty ")
            with open(out) as written:
                samples = json.load(written)["samples"]
            self.assertEqual(len(samples["posix_spawn"]["empty"]), 2)

    def test_refuses_an_unknown_case(self):
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            run.parse(["--cases=teleport"])


if __name__ == "__main__":
    unittest.main()

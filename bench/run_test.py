#!/usr/bin/env python3
"""Unit tests of bench/run and its parts, and one whole run."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import tempfile
import types
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, "bench")
import chart
import figures
import variants
import workloads

loader = importlib.machinery.SourceFileLoader("run", "bench/run")
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
loader.exec_module(run)


class FiguresTest(unittest.TestCase):
    def test_ratios_are_to_bare(self):
        both = figures.figures({"bare": [100, 110, 400], "filemon": [150, 120, 440]})
        ours = both["filemon"]
        self.assertEqual(ours["minimum"], 120)
        self.assertEqual(ours["median"], 150)
        self.assertAlmostEqual(ours["ratio_of_minimums"], 1.2)
        self.assertAlmostEqual(ours["ratio_of_medians"], 150 / 110)

    def test_spread_is_of_the_ratios_within_a_round(self):
        # A machine twice as slow in one round disturbs both alike.
        both = figures.figures({"bare": [100, 200, 100, 100], "filemon": [120, 240, 120, 120]})
        self.assertEqual(both["filemon"]["quartiles"], [1.2, 1.2])

    def test_one_round_has_figures_too(self):
        self.assertEqual(figures.figures({"bare": [7.0]})["bare"]["quartiles"], [1, 1])

    def test_quantiles_are_interpolated(self):
        self.assertEqual(figures.quantile([30, 10, 20], 0.5), 20)
        self.assertAlmostEqual(figures.quantile([10, 20], 0.1), 11)
        self.assertEqual(figures.quantile([10, 20], 1), 20)


class GoalsTest(unittest.TestCase):
    def goals(self, **samples):
        results = figures.figures(samples)
        for row in results.values():
            row["CPU"] = 2.5
        return figures.goals({"open": results}, {"open": 1.12})

    def test_judges_the_minimums(self):
        self.assertEqual(self.goals(bare=[100, 100], filemon=[112, 300])[0][4], "within")
        self.assertEqual(self.goals(bare=[100, 100], filemon=[113, 300])[0][4], "NOT within")

    def test_says_the_processor_time_beside(self):
        self.assertEqual(self.goals(bare=[100], filemon=[110])[0][2], 2.5)

    def test_a_goal_of_one_is_met_by_what_rounds_to_it(self):
        self.assertEqual(figures.judgement(1.0049, 1.00), "within")
        self.assertEqual(figures.judgement(1.0051, 1.00), "NOT within")

    def test_dormant_is_judged_by_an_empty_preload(self):
        rows = self.goals(bare=[100], empty=[200], dormant=[204])
        self.assertEqual([row[0] for row in rows], ["open, dormant to empty"])
        self.assertEqual(rows[0][4], "NOT within")

    def test_what_was_not_measured_is_not_judged(self):
        self.assertEqual(self.goals(bare=[100], strace=[900]), [])


class CheckLogTest(unittest.TestCase):
    def check(self, text, reads="filemon", expect=(("R", "file", 3, 1),)):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            if text is not None:
                with open(log, "w") as out:
                    out.write(text)
            run.check_log(log, variants.Variant(["tracer", "LOG"], reads=reads), expect)

    def test_accepts_a_record_for_each_iteration(self):
        self.check("R 1 file\nR 1 ./file\nR 1 file\n")

    def test_rejects_too_few_records(self):
        with self.assertRaisesRegex(run.Failed, "2 R of file, not 3"):
            self.check("R 1 file\nE 1 file\nR 1 file\nR 1 other\n")

    def test_rejects_a_missing_log(self):
        with self.assertRaisesRegex(run.Failed, "no log"):
            self.check(None)

    def test_one_line_for_each_name_is_enough_where_that_is_the_log(self):
        self.check("r|/file\n", reads="names")
        with self.assertRaises(run.Failed):
            self.check("r|/file\n", reads="text")

    def test_who_writes_no_log_need_have_none(self):
        run.check_log("/no/such/log", variants.Variant([]), [("R", "file", 3, 1)])


class WorkloadsTest(unittest.TestCase):
    def test_under_a_slow_tracer_a_loop_is_shorter(self):
        loop = workloads.Loop("open+close", 1.1, 1000, "R")
        tracer = variants.Variant([], slow=20)
        self.assertEqual(loop.command(tracer), ["./loop", "open+close", "50", "."])
        self.assertEqual(loop.expect(tracer), [("R", "file", 50, 1)])
        self.assertEqual(loop.iterations(variants.Variant([], slow=5000)), 1)

    def test_under_a_tracer_of_execs_a_loop_of_execs_is_shorter(self):
        bear = variants.Variant([], slow_execs=10)
        self.assertEqual(workloads.Loop("fork+exec", 1.1, 1000, "E").iterations(bear), 100)
        self.assertEqual(workloads.Loop("open+close", 1.1, 1000, "R").iterations(bear), 1000)

    def test_each_has_a_goal(self):
        for name, workload in workloads.all_workloads().items():
            self.assertEqual(name, workload.name)
            self.assertGreaterEqual(workload.goal, 1)

    def test_makes_a_tree_once(self):
        with tempfile.TemporaryDirectory() as folder:
            workloads.make_tree(folder)
            workloads.make_tree(folder)
            count = sum(len(files) for _, _, files in os.walk(os.path.join(folder, "tree")))
            self.assertEqual(count, workloads.FILES)


class VariantsTest(unittest.TestCase):
    def find(self, **peers):
        options = types.SimpleNamespace(fsatrace=None, bear=None, firebuild=None, tup=None,
                                        strace=None)
        options.__dict__.update(peers)
        return variants.find_variants(options, "/bin-folder")

    def test_a_peer_may_lie_anywhere(self):
        found = self.find(fsatrace="/here/fsatrace")
        self.assertEqual(found["fsatrace"].command("log", ["true"], "."),
                         ["/here/fsatrace", "erwmdtq", "log", "--", "true"])

    def test_strace_has_two_variants(self):
        found = self.find(strace="/here/strace")
        self.assertIn("--seccomp-bpf", found["seccomp"].command("log", ["true"], "."))
        self.assertNotIn("--seccomp-bpf", found["strace"].command("log", ["true"], "."))

    def test_nothing_else_is_preloaded(self):
        os.environ["LD_PRELOAD"] = ""
        self.assertNotIn("LD_PRELOAD", variants.Variant([]).environment("log"))
        self.assertEqual(variants.Variant([], preload="x").environment("log")["LD_PRELOAD"], "x")

    def test_tup_sees_another_command_each_time(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, ".tup"))
            tup = variants.Tup("tup")
            seen = set()
            for _ in range(2):
                tup.command("log", ["echo", "a b"], folder)
                with open(os.path.join(folder, "Tupfile")) as tupfile:
                    seen.add(tupfile.read())
            self.assertEqual(seen, {": |> echo 'a b' # 1 |>\n", ": |> echo 'a b' # 2 |>\n"})


class ChartTest(unittest.TestCase):
    def test_is_xml_with_a_mark_for_each_figure(self):
        results = {"open <close>": figures.figures({"bare": [100], "filemon": [110],
                                                    "strace": [9000]})}
        svg = chart.draw(results, {"open <close>": 1.12})
        titles = [t.text for t in xml.etree.ElementTree.fromstring(svg).iter(
            "{http://www.w3.org/2000/svg}title")]
        self.assertIn("open <close>, filemon: 1.10", titles)
        self.assertIn("open <close>, strace -f: 90.00", titles)
        self.assertIn("goal: 1.12", titles)

    def test_more_is_further_right(self):
        def place(ratio):
            results = {"w": figures.figures({"bare": [100], "filemon": [100 * ratio],
                                             "strace": [5000]})}
            svg = xml.etree.ElementTree.fromstring(chart.draw(results, {}))
            return [float(c.get("cx")) for c in svg.iter("{http://www.w3.org/2000/svg}circle")][-1]
        places = [place(ratio) for ratio in (0.5, 0.99, 1.0, 1.01, 1.03, 1.1, 2, 40)]
        self.assertEqual(places, sorted(places))
        self.assertEqual(len(set(places)), len(places))
        self.assertGreaterEqual(places[0], chart.LEFT)
        self.assertLessEqual(places[-1], chart.WIDTH - chart.RIGHT)

    def test_every_mark_can_be_drawn(self):
        for colour, kind in chart.MARKS.values():
            xml.etree.ElementTree.fromstring(chart.shape(kind, 1, 2, colour, "a & b"))


class ReportTest(unittest.TestCase):
    RESULTS = {"cp": figures.figures({"bare": [100], "filemon": [105]})}
    FAILURES = {"cp": {"tup": "status 1: error"}}

    def test_what_cannot_be_run_is_shown(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            run.print_table(self.RESULTS, self.FAILURES)
        self.assertRegex(printed.getvalue(), r"(?m)^cp +tup +n/a: status 1: error$")
        table = run.markdown(self.RESULTS, self.FAILURES, ["filemon", "tup"])
        self.assertIn("| cp | 1.05 | n/a |", table)
        self.assertIn("cp, tup: status 1: error", table)

    def test_one_line_says_why(self):
        self.assertEqual(run.reason("begin\n tup error: no\nend\n"), "tup error: no")
        self.assertEqual(run.reason("begin\nend\n"), "end")
        self.assertEqual(run.reason(""), "no word")


class WholeRunTest(unittest.TestCase):
    def test_prints_a_table_and_writes_files(self):
        with tempfile.TemporaryDirectory() as folder:
            bazel = os.path.join(folder, "bazel")
            with open(bazel, "w") as script:
                script.write('#!/bin/sh\n[ "$1" = build ] || echo "%s"\n' % os.getcwd())
            os.chmod(bazel, 0o755)
            fails = os.path.join(folder, "fsatrace")
            with open(fails, "w") as script:
                script.write("#!/bin/sh\necho error: not today >&2\nexit 3\n")
            os.chmod(fails, 0o755)
            out = os.path.join(folder, "figures.json")
            svg = os.path.join(folder, "figures.svg")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                run.main(["--rounds=2", "--cases=open+close,posix_spawn,find -newer",
                          "--variants=bare,empty,fsatrace", "--fsatrace", fails,
                          "--bazel", bazel, "--json", out, "--svg", svg])
            self.assertRegex(printed.getvalue(), r"(?m)^open\+close +bare .* 1\.000 ")
            self.assertRegex(printed.getvalue(), r"(?m)^posix_spawn +empty ")
            self.assertRegex(printed.getvalue(),
                             r"(?m)^find -newer +fsatrace +n/a: status 3: error: not today")
            with open(out) as written:
                samples = json.load(written)["samples"]
            self.assertEqual(len(samples["posix_spawn"]["empty"]), 2)
            # Once in two rounds.
            self.assertEqual(len(samples["find -newer"]["bare"]), 1)
            self.assertGreater(samples["find -newer"]["bare"][0][0], 0)
            xml.etree.ElementTree.parse(svg)

    def test_refuses_an_unknown_case(self):
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            run.parse(["--cases=teleport"])


if __name__ == "__main__":
    unittest.main()

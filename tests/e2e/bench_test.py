"""The benchmarks of lists, searches, scheduling and of the service run, and what they measure is answered rightly: every page that they
ask for is compared with what who made the posts finds by going through all of them, every command's post is read
afterwards. How fast it was is nobody's business here: the machine is shared."""

import json
import os
import subprocess
import tempfile
import unittest

from harness import EXECUTABLE, COMPLAINTS

WITHIN_S = 280
SEARCHED = ("all", "all by publish_at", "a label of one in 10", "an account of one in 10", "an author of one in 10",
            "a status of one in 10", "from and to", "two labels, two accounts, a status", "a rare label", "a word of nearly all",
            "a word of one in 3,800", "a word of none", "two words of one in 60", "the beginning of a word")
SCHEDULED = ("next_slot, 500 reserved", "every second one behind all", "a series' post", "the look that asks for it",
             "create under four eyes", "an approval", "lock under four eyes")
COMMANDS = ("create", "edit", "schedule", "cancel", "lock", "start attempt", "outcome")
GOALS = 6  # of both
SERVED = ("lock", "create", "edit", "schedule", "reschedule", "cancel", "start attempt", "outcome", "approve")


class Bench(unittest.TestCase):
    def run_bench(self, *arguments):
        with tempfile.TemporaryDirectory(prefix="openpost-bench-") as scratch:
            done = subprocess.run([EXECUTABLE, "bench", *arguments], capture_output=True, text=True, timeout=WITHIN_S,
                                  env=os.environ | {"TMPDIR": scratch}, check=False)
            self.assertEqual(os.listdir(scratch), [], "it left something behind")
        for word in COMPLAINTS:
            self.assertNotIn(word, done.stderr)
        return done

    def run_quick(self, *names):
        """What it printed: the figures by name, and how many goals, none of which it may judge by so little."""
        done = self.run_bench(*names, "--quick", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line for line in lines if "broken" in line or "not_run" in line], [])
        goals = [line for line in lines if "goal" in line]
        self.assertEqual([line for line in goals if "met" in line or "not_judged" not in line], [])
        return {line["name"]: line for line in lines if "name" in line}, len(goals)

    def test_what_search_and_schedule_measure_is_answered_rightly(self):
        figures, goals = self.run_quick("search", "schedule")
        for name in SEARCHED:
            for which in ("p50", "p50, processor", "p99", "p99, processor"):
                self.assertIn(f"search, {name}, {which}", figures)
        for name in SCHEDULED + tuple(f"{command} at 20224 posts" for command in COMMANDS):
            self.assertIn(f"schedule, {name}", figures)
            self.assertIn(f"schedule, {name}, processor", figures)
        for name, figure in figures.items():
            self.assertGreater(figure["ours"], 0, name)
            self.assertGreater(figure["reference"], 0, name)
        self.assertEqual(goals, GOALS)

    def test_what_the_service_is_asked_for_is_done(self):
        figures, goals = self.run_quick("service")
        wanted = {f"service, {work} at 20224 posts{cost}" for work in SERVED + ("GET", "list")
                  for cost in ("", ", processor", ", page faults")}
        wanted |= {f"service, {work} at 20224 posts, written" for work in SERVED}
        wanted |= {"service, one of each command", "service, one of each command, processor"}
        self.assertEqual(set(figures), wanted)
        for name, figure in figures.items():
            if not name.endswith("page faults"):  # where no page is new there are none
                self.assertGreater(figure["ours"], 0, name)
                self.assertGreater(figure["reference"], 0, name)
        self.assertEqual(goals, 2)

    def test_it_takes_no_fewer_posts_than_it_needs(self):
        done = self.run_bench("search", "--search-posts", "19999")
        self.assertEqual(done.returncode, 64)
        self.assertIn("--search-posts takes 20000 at least", done.stderr)


if __name__ == "__main__":
    unittest.main()

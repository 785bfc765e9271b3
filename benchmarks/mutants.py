"""Mutation testing: what share of small faults, put into skmade at random, do the tests notice?

    make coverage
    python -m benchmarks.mutants

Of all possible mutants a random sample is drawn, so that each file has its share. A mutant meets
tests that run its line (see `benchmarks.watched`), or any of its function or file where none does,
and is killed by the first that fails or hangs, if it passes without the mutant. There is no time
for all: those are taken that have words in common with the line, or run what few tests run of the
function, and some of each file. Mutants of kernels are interpreted, and compiled if they survive
that. Messages, hints, docstrings, decorators, imports and examples of types are left as they are.
The sample is in random order: results of an interrupted run are those of a smaller sample.
"""

import argparse
import ast
import copy
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from coverage import CoverageData
from joblib import Parallel, delayed
from scipy.stats import binomtest

from benchmarks import tables, watched

ROOT = Path(__file__).parents[1]
#: No test takes so long, even on a busy machine.
SECONDS_OF_A_TEST = 100
#: A mutant meets tests that take so long together, with coverage, and survives if they pass or take
#: twice that.
SECONDS_OF_A_MUTANT = 240
SWAPPED = [
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn), (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.FloorDiv, ast.Mult),
    (ast.Mod, ast.Mult), (ast.Pow, ast.Mult), (ast.BitAnd, ast.BitOr), (ast.And, ast.Or),
    (ast.LShift, ast.RShift),
]  # fmt: skip
# (the first pair that has a kind says what it is swapped with)
OTHER = {b: a for a, b in reversed(SWAPPED)} | {a: b for a, b in SWAPPED}
KERNELS = ("_kernels/", "_families/")


@dataclass(frozen=True)
class Mutant:
    """A node of a file, what is put in its place, and the lines of the function that it is in."""

    file: str
    node: ast.AST
    other: ast.AST
    function: range

    @property
    def change(self):
        """Both, as text."""
        before, after = (ast.unparse(node).split("\n")[0] for node in (self.node, self.other))
        return f"{before}  ->  {after}"

    def words(self, text):
        """Names in its lines, and that of its function, where the file has this text."""
        lines = [*_lines(self.node), self.function.start]
        return words_of("\n".join(text.splitlines()[line - 1] for line in lines))

    def source(self, text):
        """The file's text with the mutant in it."""
        lines = text.encode().splitlines(keepends=True)
        first, last = self.node.lineno - 1, self.node.end_lineno - 1
        before = b"".join(lines[:first]) + lines[first][: self.node.col_offset]
        after = lines[last][self.node.end_col_offset :] + b"".join(lines[last + 1 :])
        code = ast.unparse(self.other)
        if isinstance(self.other, ast.expr):
            code = f"({code})"
        return (before + code.encode() + after).decode()


class Mutants(ast.NodeVisitor):
    """All mutants of a file."""

    def __init__(self, file, text):
        self.file, self.found, self.function = file, [], range(0)
        self.visit(ast.parse(text))

    def _add(self, node, other):
        self.found.append(Mutant(self.file, node, other, self.function or _lines(node)))

    def _swap(self, node):
        if type(node.op) in OTHER:
            other = copy.copy(node)
            other.op = OTHER[type(node.op)]()
            self._add(node, other)
        self.generic_visit(node)

    visit_BinOp = visit_BoolOp = _swap

    def visit_Compare(self, node):
        for i, operator in enumerate(node.ops):
            other = copy.copy(node)
            other.ops = [*node.ops[:i], OTHER[type(operator)](), *node.ops[i + 1 :]]
            self._add(node, other)
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        if isinstance(node.op, ast.Not):
            self._add(node, node.operand)
        self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            self._add(node, ast.Constant(not node.value))
        elif isinstance(node.value, int | float):
            more = node.value + 1
            self._add(node, ast.Constant(more if more != node.value else 2 * more))

    def visit_Return(self, node):
        if node.value is not None:
            if not (isinstance(node.value, ast.Constant) and node.value.value is None):
                self._add(node, ast.Return(ast.Constant(None)))
            self.visit(node.value)

    def _delete(self, node):
        self._add(node, ast.Pass())

    visit_Raise = visit_Break = visit_Continue = visit_Delete = _delete

    def visit_AugAssign(self, node):
        self._delete(node)
        self._swap(node)

    def visit_Assign(self, node):
        if ast.unparse(node.targets[0]) == "__all__":
            return
        if not isinstance(node.targets[0], ast.Name | ast.Tuple):  # a name would be missing
            self._delete(node)
        self.generic_visit(node)

    def visit_Expr(self, node):
        if not isinstance(node.value, ast.Constant):  # (a docstring)
            self._delete(node)
            self.visit(node.value)

    def visit_AnnAssign(self, node):
        if node.value is not None and ast.unparse(node.annotation) != "TypeAlias":
            self.visit(node.value)

    def visit_ClassDef(self, node):
        for part in node.body:
            self.visit(part)

    def visit_FunctionDef(self, node):
        around, self.function = self.function, _lines(node)
        for part in [*node.args.defaults, *node.args.kw_defaults, *node.body]:
            if part is not None:
                self.visit(part)
        self.function = around

    def visit_If(self, node):
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.generic_visit(node)

    def visit_Call(self, node):
        if ast.unparse(node.func) == "like":  # its first argument is an example of a type
            for part in node.args[1:]:
                self.visit(part)
        else:
            self.generic_visit(node)

    def visit_JoinedStr(self, node):
        """Messages are not mutated."""


def _lines(node):
    return range(node.lineno, node.end_lineno + 1)


def all_mutants():
    """Every mutant of every file, in random order."""
    found = []
    for path in sorted(Path(ROOT, "skmade").rglob("*.py")):
        file = path.relative_to(ROOT / "skmade").as_posix()
        found += Mutants(file, path.read_text()).found
    return [found[i] for i in np.random.default_rng(27).permutation(len(found))]


def words_of(text):
    """Names of a text that are no short ones."""
    return set(re.findall(r"[a-z_]{4,}", text))


def words_of_tests():
    """The names in each test."""
    found = {}
    for path in sorted(Path(ROOT, "tests").glob("test_*.py")):
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                source = "\n".join(text.splitlines()[line - 1] for line in _lines(node))
                found[f"tests/{path.name}::{node.name}"] = words_of(source)
    return found


class Watched:
    """What ``make coverage`` has seen: the tests of each line, and how long they take."""

    def __init__(self):
        self.lines = CoverageData(str(ROOT / ".coverage"))
        self.lines.read()
        file = watched.file_of_seconds(ROOT)
        if not (self.lines.measured_files() and file.exists()):
            sys.exit("Which test runs which line? Run `make coverage` before.")
        self.seconds = json.loads(file.read_text())
        self.words = words_of_tests()
        self.n_with = Counter(chain.from_iterable(self.words.values()))

    def tests_of(self, mutant):
        """Tests that run a mutant's lines: a list of those with kernels compiled, and for those of
        kernels before it one of those with kernels interpreted."""
        seen = self.lines.contexts_by_lineno(str(ROOT / "skmade" / mutant.file))
        of_lines = {line: {test for test in seen[line] if test in self.seconds} for line in seen}
        for lines in (_lines(mutant.node), mutant.function, of_lines):
            tests = set().union(*(of_lines.get(line, ()) for line in lines))
            if tests:
                break
        interpreted = {test for test in tests if test.endswith(watched.INTERPRETED)}
        modes = [tests - interpreted]
        if mutant.file.startswith(KERNELS):
            modes.insert(0, interpreted)
        within = [of_lines.get(line, set()) for line in mutant.function]
        words = mutant.words(Path(ROOT, "skmade", mutant.file).read_text())
        return [self._some_of(tests, within, words) for tests in modes if tests]

    def _in_common(self, test, words):
        """How many of the words are in a test; those that few tests have count more."""
        shared = words & self.words.get(node_of(test).partition("[")[0], set())
        return sum(1 / self.n_with[word] for word in shared)

    def _some_of(self, tests, of_lines, words):
        """As many of the tests as there is time for, the quickest first: by turns those that have
        most words in common, run what few run of the function, and one of each file."""
        quickest = sorted(tests, key=lambda test: (self.seconds[test], test))
        n_that_run = {test: len(tests) for test in tests}
        for some in of_lines:
            for test in some & tests:
                n_that_run[test] = min(n_that_run[test], len(some))
        turns, files = {}, Counter()
        for test in quickest:
            file = test.partition("::")[0]
            turns[test] = files[file]
            files[file] += 1
        by_turns = zip(
            sorted(quickest, key=lambda test: -self._in_common(test, words)),
            sorted(quickest, key=n_that_run.get), sorted(quickest, key=turns.get),
        )  # fmt: skip
        chosen, total = [], 0.0
        for test in dict.fromkeys(chain.from_iterable(by_turns)):
            total += self.seconds[test]
            if total > SECONDS_OF_A_MUTANT and chosen:
                break
            chosen.append(test)
        return sorted(chosen, key=self.seconds.get)


def run_tests(file, tests, tree, **options):
    """Run tests as they are run for mutants of a file of skmade."""
    is_interpreted = tests[0].endswith(watched.INTERPRETED)
    environment = {
        **os.environ, "PYTHONPATH": str(tree), "SCIPY_ARRAY_API": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_DISABLE_JIT": str(int(is_interpreted)),
        # (machine code of mutants would take the place of that of the original)
        "SKMADE_CACHE": str(int(not file.startswith(KERNELS))),
    }  # fmt: skip
    options_of_pytest = "-x -v --tb=line -p no:cacheprovider --timeout-method=thread -m".split()
    command = [
        sys.executable, "-m", "pytest", *options_of_pytest, "slow or not slow",
        f"--timeout={SECONDS_OF_A_TEST}", *map(node_of, tests),
    ]  # fmt: skip
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, **options
    )


def node_of(test):
    """What pytest calls a test."""
    return test.removesuffix(watched.INTERPRETED)


def outcome(mutant, tests, tree):
    """Whether a test failed, hung, or none did, and which it was."""
    path = Path(tree, "skmade", mutant.file)
    text = path.read_text()
    path.write_text(mutant.source(text))
    try:
        run = run_tests(mutant.file, tests, tree, timeout=2 * SECONDS_OF_A_MUTANT)
    except subprocess.TimeoutExpired:
        return "survived", "(out of time)"
    finally:
        path.write_text(text)
    if run.returncode == 0:
        return "survived", ""
    of_names = {node_of(test): test for test in tests}
    failed = re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", run.stdout, re.MULTILINE)
    if failed:
        return "killed", of_names.get(failed[-1], failed[-1])
    # (a test that hangs ends the process, and is the last that was begun)
    begun = [test for name, test in of_names.items() if f"{name} " in run.stdout]
    return ("hung", begun[-1]) if begun else ("killed", "at import")


def passes_without_mutant(file, test, tree, passed):
    """Whether a test passes without any mutant: those of machine code in the cache do not."""
    if "::" in test and test not in passed:
        if run_tests(file, [test], tree).returncode != 0:
            return False
        passed.add(test)
    return True


def copy_of_project(tree):
    """The folder `tree`, in which mutants can be put in place and met by the tests."""
    for name in ("skmade", "tests", "docs", "examples"):  # (machine code is copied, too)
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.pyc"))
    for file in filter(Path.is_file, ROOT.glob("[!.]*")):
        shutil.copy(file, tree)
    return tree


def share(rows):
    """The killed, and between which bounds (Wilson's, of 95 %) their share among all is."""
    killed = sum(row["outcome"] != "survived" for row in rows)
    interval = binomtest(killed, len(rows)).proportion_ci(method="wilson")
    return {
        "drawn": len(rows), "killed": killed, "share": killed / len(rows),
        "low": interval.low, "high": interval.high,
    }  # fmt: skip


def main():
    """Draw, run and count."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three mutants, to see it works")
    parser.add_argument("--mutants", type=int, default=200, help="how many to draw")
    parser.add_argument("--jobs", type=int, default=1, help="how many to try at once")
    options = parser.parse_args()
    mutants = all_mutants()
    print(f"{len(mutants)} possible mutants")
    mutants = mutants[: 3 if options.quick else options.mutants]
    results = tables.Results("mutants", options.quick)
    seen, passed = Watched(), set()
    with tempfile.TemporaryDirectory() as folder:
        trees = queue.SimpleQueue()
        for i in range(options.jobs):
            trees.put(copy_of_project(Path(folder, str(i))))

        def tried(mutant, modes):
            tree, end, test = trees.get(), "survived", "(no test runs it)"
            for tests in modes:
                while tests:
                    end, test = outcome(mutant, tests, tree)
                    if end == "survived":
                        break
                    if passes_without_mutant(mutant.file, test, tree, passed):
                        trees.put(tree)
                        return end, test
                    tests.remove(test)
            trees.put(tree)
            return "survived", test

        parallel = Parallel(options.jobs, backend="threading", return_as="generator")
        tasks = (delayed(tried)(mutant, seen.tests_of(mutant)) for mutant in mutants)
        try:
            for mutant, (end, test) in zip(mutants, parallel(tasks)):
                results.add(
                    file=mutant.file, line=mutant.node.lineno, change=mutant.change, outcome=end,
                    test=test,
                )  # fmt: skip
        except KeyboardInterrupt:
            print("Stopped: this is the sample.")
    results.finish({"share": pd.DataFrame([share(results.rows)]).round(3)})


if __name__ == "__main__":
    main()

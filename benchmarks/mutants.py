"""Mutation testing: what share of small faults, put into skmade at random, do the tests notice?

    python -m benchmarks.mutants

Of all possible mutants a random sample is drawn, so that each file has its share. A mutant runs
the test files of its module, those that answer soonest first, and is killed by the first test that
fails or hangs, if that test passes without the mutant. Mutants of kernels are interpreted.
Messages, hints, docstrings, decorators and imports are left as they are. The sample is in random
order: results of an interrupted run are those of a smaller sample.
"""

import argparse
import ast
import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks import tables

ROOT = Path(__file__).parents[1]
#: No test takes so long, even on a busy machine.
SECONDS_OF_A_TEST = 100
#: After which a mutant that no test has noticed is said to survive.
SECONDS_OF_A_MUTANT = 240
SWAPPED = [
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn), (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.FloorDiv, ast.Mult),
    (ast.Mod, ast.Mult), (ast.Pow, ast.Mult), (ast.BitAnd, ast.BitOr), (ast.And, ast.Or),
    (ast.LShift, ast.RShift),
]  # fmt: skip
# (the first pair that has a kind says what it is swapped with)
OTHER = {b: a for a, b in reversed(SWAPPED)} | {a: b for a, b in SWAPPED}
#: Test files by the beginning of a module's path, of which the longest counts.
TESTS = {
    "": "density outlier features",
    "_agnostic": "agnostic blocks conditional_sampling",
    "_auto": "auto training",
    "_check": "check",
    "_columns/": "columns columns_kinds dtypes input missing",
    "_columns/_atoms": "atoms columns_kinds",
    "_columns/_frames": "dtypes input columns_kinds features",
    "_columns/_number": "columns columns_kinds atoms missing",
    "_columns/_table": "input dtypes columns_kinds features sparse",
    "_combination": "combination mathematics",
    "_components": "components",
    "_conditional": "particles imputer conditional_sampling mathematics missing",
    "_displays/": "displays",
    "_ensemble": "density mathematics fitted combination features",
    "_families/": "families density kernels mathematics given",
    "_fitted": "fitted skops features outlier given",
    "_imputer": "imputer blocks conditional_sampling sklearn",
    "_kernels/": "kernels density gather training",
    "_kernels/_activations": "kernels density mathematics",
    "_kernels/_ancestral": "agnostic kernels particles given families",
    "_kernels/_compile": "processes check",
    "_kernels/_conditionals": "families density particles kernels mathematics",
    "_kernels/_elementary": "kernels check families density mathematics",
    "_kernels/_gather": "gather density kernels",
    "_kernels/_intrinsics": "kernels processes",
    "_kernels/_memory": "kernels gather shared training density",
    "_kernels/_numba": "processes check concurrency",
    "_kernels/_optimizers": "training kernels check",
    "_kernels/_orders": "agnostic shared blocks",
    "_kernels/_passes": "density families kernels gather mathematics shared agnostic particles",
    "_kernels/_product": "kernels gather density",
    "_kernels/_shared": "shared agnostic training",
    "_kernels/_steps": "training mathematics kernels gather shared threads",
    "_kernels/_sync": "threads same_bits",
    "_kernels/_transpose": "kernels",
    "_layout": "density kernels gather masks fitted training",
    "_made": "density outlier training features callbacks input blocks sklearn given missing",
    "_masks": "masks density",
    "_network": "density masks training gather shared mathematics",
    "_onnx/": "onnx skl2onnx",
    "_orderings": "masks density features auto",
    "_outlier": "outlier features callbacks interfaces sklearn combination",
    "_particles": "particles imputer conditional_sampling",
    "_processes": "elsewhere blocks threads",
    "_progress": "progress callbacks elsewhere",
    "_repeats": "repeats missing",
    "_sampling": "families agnostic density particles given imputer same_bits",
    "_scoring": "density sparse outlier same_bits given mathematics",
    "_shared": "shared agnostic training",
    "_sklearn": "features interfaces sklearn",
    "_sparse": "sparse",
    "_summary": "features outlier imputer",
    "_teams": "threads gather training",
    "_threads": "threads interrupts",
    "_training": "training callbacks threads auto mathematics progress same_bits sparse",
    "_versions": "features",
    "_warnings": "warnings",
    "blocks": "blocks",
    "onnx": "onnx skl2onnx",
    "pyod": "pyod",
}
KERNELS = ("_kernels/", "_families/")
#: Kernels that have code which is run only where they are compiled.
COMPILED = tuple(
    f"_kernels/_{name}.py"
    for name in "choice compile elementary gather intrinsics numba product transpose".split()
)
#: Tests that `make test-nojit` leaves out.
NOT_INTERPRETED = (
    "atoms columns_kinds combination conditional_sampling documents dtypes input missing sklearn"
).split()


@dataclass(frozen=True)
class Mutant:
    """A node of a file, and what is put in its place."""

    file: str
    node: ast.AST
    other: ast.AST

    @property
    def change(self):
        """Both, as text."""
        before, after = (ast.unparse(node).split("\n")[0] for node in (self.node, self.other))
        return f"{before}  ->  {after}"

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
        self.file, self.found = file, []
        self.visit(ast.parse(text))

    def _add(self, node, other):
        self.found.append(Mutant(self.file, node, other))

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
        for part in [*node.args.defaults, *node.args.kw_defaults, *node.body]:
            if part is not None:
                self.visit(part)

    def visit_If(self, node):
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.generic_visit(node)

    def visit_JoinedStr(self, node):
        """Messages are not mutated."""


def all_mutants():
    """Every mutant of every file, in random order."""
    found = []
    for path in sorted(Path(ROOT, "skmade").rglob("*.py")):
        file = path.relative_to(ROOT / "skmade").as_posix()
        found += Mutants(file, path.read_text()).found
    return [found[i] for i in np.random.default_rng(27).permutation(len(found))]


def is_interpreted(file):
    return file.startswith(KERNELS) and not file.startswith(COMPILED)


def tests_of(file):
    """The test files of a module, in the order in which they are run."""
    tests = TESTS[max(filter(file.startswith, TESTS), key=len)].split()
    skipped = NOT_INTERPRETED if is_interpreted(file) else []
    return [f"tests/test_{name}.py" for name in tests if name not in skipped]


def run_tests(file, tests, tree, *arguments, **options):
    """Run tests as they are run for mutants of a file of skmade."""
    environment = {
        **os.environ, "PYTHONPATH": str(tree), "SCIPY_ARRAY_API": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_DISABLE_JIT": str(int(is_interpreted(file))),
        # (machine code of mutants would take the place of that of the original)
        "SKMADE_CACHE": str(int(not file.startswith(KERNELS))),
    }  # fmt: skip
    arguments = [
        *arguments, *"-x -v --tb=line -p no:cacheprovider --timeout-method=thread".split(),
        f"--timeout={SECONDS_OF_A_TEST}",
    ]  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, *tests],
        cwd=tree, env=environment, capture_output=True, text=True, **options,
    )  # fmt: skip


def outcome(mutant, tree):
    """Whether a test failed, hung, or none did, and which it was."""
    path = Path(tree, "skmade", mutant.file)
    text = path.read_text()
    path.write_text(mutant.source(text))
    try:
        run = run_tests(mutant.file, tests_of(mutant.file), tree, timeout=SECONDS_OF_A_MUTANT)
    except subprocess.TimeoutExpired:
        return "survived", "(out of time)"
    finally:
        path.write_text(text)
    if run.returncode == 0:
        return "survived", ""
    if re.search(r"^(FAILED|ERROR)", run.stdout, re.MULTILINE):
        return "killed", re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", run.stdout, re.M)[-1]
    # (a test that hangs ends the process, and is the last that was begun)
    begun = re.findall(r"^(tests/\S+::.+?) *(?:[A-Z]+ .*)?$", run.stdout, re.MULTILINE)
    return ("hung", begun[-1]) if begun else ("killed", "at import")


def check_without_mutant(file, test, tree, passed):
    """Exit if a test fails without any mutant, too."""
    key = test, is_interpreted(file)
    if test != "at import" and key not in passed:
        arguments = [] if "::" in test else ["--collect-only"]
        run = run_tests(file, [test], tree, *arguments)
        if run.returncode != 0:
            sys.exit(f"{test} fails without any mutant:\n" + run.stdout[-2000:])
        passed.add(key)


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
    options = parser.parse_args()
    mutants = all_mutants()
    print(f"{len(mutants)} possible mutants")
    mutants = mutants[: 3 if options.quick else options.mutants]
    results = tables.Results("mutants", options.quick)
    with tempfile.TemporaryDirectory() as tree:
        # (machine code is copied, too)
        for name in ("skmade", "tests", "docs", "examples"):
            shutil.copytree(ROOT / name, Path(tree, name), ignore=shutil.ignore_patterns("*.pyc"))
        for file in filter(Path.is_file, ROOT.glob("[!.]*")):
            shutil.copy(file, tree)
        passed = set()
        try:
            for mutant in mutants:
                end, test = outcome(mutant, tree)
                if end != "survived":
                    check_without_mutant(mutant.file, test, tree, passed)
                results.add(
                    file=mutant.file, line=mutant.node.lineno, change=mutant.change, outcome=end,
                    test=test,
                )  # fmt: skip
        except KeyboardInterrupt:
            print("Stopped: this is the sample.")
    results.finish({"share": pd.DataFrame([share(results.rows)]).round(3)})


if __name__ == "__main__":
    main()

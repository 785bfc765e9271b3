"""Times of this checkout beside those of an older one, in turn, each in a process of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

REPEATS = 7
_HERE = Path(__file__).resolve().parents[1]


def median_seconds(function, repeats=REPEATS):
    """Of a call, the first of which is not counted."""
    function()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def add_options(parser, rounds):
    """What all benchmarks have that can be compared so."""
    parser.add_argument("--against", help="folder of an older checkout")
    parser.add_argument("--quick", action="store_true", help="few rows, to see it works")
    parser.add_argument("--rounds", type=int, default=rounds, help="turns with the older checkout")


def checkouts(options):
    """Folders of this checkout, and of the older one if there is one."""
    folders = {"skmade": _HERE}
    if options.against:
        folders["older"] = Path(options.against).resolve()
    return folders


def medians_in_turn(name, argument, options):
    """For each task the medians over the turns, and their ratio.

    Parameters
    ----------
    name : str
        Of a benchmark, whose ``calls(argument)`` returns seconds by task.
    argument : int
    options : argparse.Namespace

    Yields
    ------
    dict
    """
    folders = checkouts(options)
    turns = {who: [] for who in folders}
    for _ in range(1 if options.quick else options.rounds):
        for who, folder in folders.items():
            turns[who].append(result_of(folder, name, argument))
    for task in turns["skmade"][0]:
        medians = {who: np.median([turn[task] for turn in own]) for who, own in turns.items()}
        ratio = medians["older"] / medians["skmade"] if options.against else np.nan
        yield {"task": task, **medians, "ratio": ratio}


def result_of(folder, name, argument):
    """What ``calls(argument)`` of a benchmark returns for a checkout, in a process of its own."""
    code = (
        f"import sys, json, warnings; warnings.simplefilter('ignore')\n"
        f"sys.path.insert(0, {str(folder)!r}); import skmade\n"
        f"sys.path.insert(0, {str(_HERE)!r}); from benchmarks import {name}\n"
        f"print(json.dumps({name}.calls({argument!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)

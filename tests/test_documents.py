"""What the documentation says, held against what happens.

The tables of dtypes are what `DTYPES` does; ``python tests/test_documents.py`` writes them anew.
"""

import ast
import csv
import re
import textwrap
import warnings
from itertools import pairwise
from pathlib import Path

import narwhals as nw
import numpy as np
import pytest
from conftest import JIT
from sklearn.exceptions import ConvergenceWarning
from test_dtypes import DTYPES, ERRORS, N, fitted, form, hide, neighboured, small
from test_features import HELD

from skmade import MADEOutlierDetector

ROOT = Path(__file__).parents[1]
FOLDER, FEATURES = ROOT / "docs" / "dtypes", ROOT / "docs" / "features"
OPERATIONS = ("fit", "score", "sample", "sample_conditional")
HEADER = ("dtypes", "taken for", *OPERATIONS)
TAKEN_FOR = {"Flag": "flag", "Category": "category", "Time": "moment or span of time"}
#: Of features: what there are, and where each is tested.
TABLES = ("ours", "tests")
LIBRARIES = ("numpy", "pandas", "polars", "Arrow")
#: Of newer releases of polars.
NEWER = ("Int128", "UInt128", "Float16", "Categorical, named")


def outcome(operation):
    """What an operation returns, and "works"; or None, and the error's message."""
    try:
        return operation(), "works"
    except (TypeError, ValueError) as error:
        return None, str(error)


def outcomes(name, of_numbers):
    """What a column of a dtype is taken for, and what each operation does with it.

    Where `fit` refuses it, rows of it are given to a model of numbers.
    """
    table = neighboured(DTYPES[name][1])
    model = None if name in ERRORS else fitted(name)
    if model is None:
        _, fit = outcome(lambda: small().fit(table))
        _, score = outcome(lambda: of_numbers.score_samples(table))
        _, fill = outcome(lambda: of_numbers.sample_conditional(table, random_state=0))
        return "refused", (fit, score, "no model", fill)
    hidden = hide(table, np.arange(N) < N // 3)
    _, score = outcome(lambda: model.score_samples(table))
    filled, fill = outcome(lambda: model.sample_conditional(hidden, random_state=0))
    drawn, sample = outcome(lambda: model.sample(20, random_state=0))
    assert (form(drawn), form(filled)) == (form(table), form(hidden))
    column = model._density.columns.columns[-1 if isinstance(table, np.ndarray) else 1]
    return TAKEN_FOR.get(type(column).__name__, "number"), ("works", score, sample, fill)


def pattern(message):
    """An error with dots for what differs from column to column."""
    message = re.sub(r"(?i)(column) ('odd'|0)", r"\1 …", message)
    message = re.sub(r"has dtype .*(,|;) (which|convert)", r"has dtype …\1 \2", message)
    message = re.sub(r"holds .*, of type \w+", "holds …, of type …", message)
    return re.sub(r"text \(.* and .*\);", "text (… and …);", message)


def tables():
    """Of each library a table of its dtypes, and one of the errors of `fit`."""
    made, errors = {}, {}
    for library in LIBRARIES:
        numbers = f"{library}: {'Float64' if library == 'polars' else 'float64'}"
        of_numbers, alike = fitted(numbers), {}
        for name in (name for name in DTYPES if name.startswith(f"{library}: ")):
            taken_for, results = outcomes(name, of_numbers)
            _, _, dtype = name.partition(": ")
            cells = tuple(cell if cell in ("works", "no model") else "error" for cell in results)
            alike.setdefault((taken_for, *cells), []).append(f"``{dtype}``")
            if cells[0] == "error":
                of_library = errors.setdefault(pattern(results[0]), {}).setdefault(library, [])
                of_library.append(f"``{dtype}``")
        rows = [(", ".join(dtypes), *cells) for cells, dtypes in alike.items()]
        made[library.lower()] = [HEADER, *rows]
    rows = [
        (f"``{message}``", "; ".join(f"{key}: {', '.join(own)}" for key, own in dtypes.items()))
        for message, dtypes in errors.items()
    ]
    return made | {"errors": [("error", "dtypes"), *rows]}


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [tuple(row) for row in csv.reader(file)]


@pytest.mark.skipif(not JIT, reason="interpreted kernels do the same, and take long")
@pytest.mark.skipif(
    not all(f"polars: {name}" in DTYPES for name in NEWER), reason="an older polars has fewer"
)
@pytest.mark.skipif(not hasattr(nw, "Float16"), reason="an older narwhals reads fewer")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Column 'odd' is missing in 60 of 60 rows, but was in none")
def test_tables_of_dtypes_are_what_happens():
    made = tables()
    for name, rows in made.items():
        assert read(FOLDER / f"{name}.csv") == rows, "run python tests/test_documents.py"
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(made)


def functions_of(path):
    """Names of the functions that a module defines."""
    return {node.name for node in ast.parse(path.read_text()).body if hasattr(node, "name")}


def test_every_feature_is_tested():
    features, tests = ([row[0] for row in read(FEATURES / f"{name}.csv")[1:]] for name in TABLES)
    assert features == tests and len(set(features)) == len(features)
    for feature, named in read(FEATURES / "tests.csv")[1:]:
        found = re.findall(r"``(tests/\w+\.py)::(test_\w+)``", named)
        assert found and named.count("::") == len(found), feature
        for path, function in found:
            assert function in functions_of(ROOT / path), f"{feature}: {path} has no {function}"


def is_backed(feature, column, cell):
    """Whether a cell has a link, a test, or nothing to say.

    A plain "no" is backed by a link of the column's name, to the list of all that a library does.
    """
    library = column.strip("`").partition(" <")[0].replace("\u00ad", "")
    has_link = "`_" in cell or ("`_" in column and re.match(r"no\b", cell))
    return has_link or cell == "\u2013" or (feature, library) in HELD


@pytest.mark.parametrize("table", ["ours", "others"])
def test_every_cell_of_other_libraries_is_backed(table):
    (_, _, *libraries), *rows = read(FEATURES / f"{table}.csv")
    for feature, _, *cells in rows:
        for library, cell in zip(libraries, cells, strict=True):
            assert is_backed(feature, library, cell), f"{feature}: {library} has no test or link"


def test_tests_of_other_libraries_are_of_rows_that_there_are():
    features = {row[0] for table in ("ours", "others") for row in read(FEATURES / f"{table}.csv")}
    assert {feature for feature, _ in HELD} <= features


def first_blocks_of_readme():
    """The first code, and what it prints."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return (re.search(rf"^```{x}\n(.*?)^```$", text, re.M | re.S)[1] for x in ("python", "text"))


@pytest.mark.skipif(not JIT, reason="trains with defaults, which interpreted kernels take long for")
def test_the_first_code_prints_what_it_says(capsys):
    code, said = first_blocks_of_readme()
    exec(code, {})
    printed, said = (
        np.array(x.strip(" []\n").split(), float) for x in (capsys.readouterr()[0], said)
    )
    np.testing.assert_allclose(printed, said, atol=2)  # other processors have other last digits


def test_readme_and_index_begin_alike():
    index = (ROOT / "docs" / "index.rst").read_text(encoding="utf-8")
    for block in first_blocks_of_readme():
        assert textwrap.indent(block, "   ") in index


def blocks_of(page):
    """Code of a page that is not a doctest, block by block."""
    text = (FOLDER.parent / page).read_text(encoding="utf-8")
    found = re.findall(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", text, re.M)
    return [textwrap.dedent(block) for block in found]


def test_no_page_has_code_that_is_not_run():
    pages = {page.name for page in FOLDER.parent.glob("**/*.rst") if "_build" not in page.parts}
    with_blocks = {page for page in pages if (FOLDER.parent / page).exists() and blocks_of(page)}
    assert with_blocks == {"index.rst", "progress.rst", "scaling_out.rst"}


@pytest.mark.skipif(not JIT, reason="trains with defaults, which interpreted kernels take long for")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_code_on_callbacks_runs(capsys):
    pytest.importorskip("sklearn.callback")
    names = {"X": np.random.default_rng(0).normal(size=(60, 2))}
    for code in blocks_of("progress.rst"):
        exec(code, names)
    assert capsys.readouterr()[0]
    logs = names["monitor"].get_logs()
    assert np.isfinite(list(logs.data)[-1]["nats"]), logs


@pytest.mark.skipif(not JIT, reason="trains with defaults, which interpreted kernels take long for")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of pandas to dask
def test_code_on_clusters_runs(tmp_path, monkeypatch):
    dd = pytest.importorskip("dask.dataframe")
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(200, 2))
    dd.from_pandas(pd.DataFrame(X, columns=["x", "y"]), npartitions=2).to_parquet("transactions")
    names = {"X": X, "detector": MADEOutlierDetector((8,), n_estimators=1, random_state=0)}
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        address = {'"scheduler:8786"': f'"{cluster.scheduler_address}"', "10**9": "10**3"}
        for code in blocks_of("scaling_out.rst"):
            for written, run in address.items():
                code = code.replace(written, run)
            exec(code, names)
        names["client"].close()
    assert len(dd.read_parquet("drawn")) == 1000
    assert list(dd.read_parquet("strange").columns) == ["x", "y", "p_value"]
    assert names["search"].best_params_["dropout"] in (0.0, 0.2, 0.5)
    assert len(names["model"].n_epochs_) == 8


def speed_table():
    """Markdown of the times of others on one thread, as ``benchmarks.speed`` wrote them."""
    (_, _, _, *cases), *rows = read(ROOT / "results" / "speed" / "ratios.csv")
    lines = [["task", "beside", *cases], ["---", "---", *["---:"] * len(cases)]]
    for task, threads, who, *times in rows:
        if threads == "1" and who != "floor":
            times = [x and f"{float(x):.{0 if float(x) > 100 else 1}f}" for x in times]
            lines.append([task, who, *times])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def test_the_speeds_of_readme_are_those_of_the_benchmark():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert speed_table() in readme, f"README.md should have\n{speed_table()}"


def test_every_promise_has_its_tests():
    page = (FOLDER.parent / "promises.rst").read_text(encoding="utf-8")
    named = re.findall(r"``(test_\w+\.py)::(test_\w+)``", page)
    assert len(named) == page.count("\n- ``") > 50
    for file, name in named:
        text = (Path(__file__).parent / file).read_text(encoding="utf-8")
        assert f"\ndef {name}(" in text, f"{file} has no {name}"
    paragraphs = page.split("\n\n")
    for promise, tests in pairwise(paragraphs):
        assert not promise.startswith("**") or tests.startswith("- ``test_"), promise


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    FOLDER.mkdir(exist_ok=True)
    for name, rows in tables().items():
        with (FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)

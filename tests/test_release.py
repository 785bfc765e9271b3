"""What a release says of itself."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

import skmade
import skmade.blocks

HERE = Path(__file__).parents[1]
PUBLIC = [getattr(module, name) for module in (skmade, skmade.blocks) for name in module.__all__]
FUNCTIONS = [value for value in PUBLIC if inspect.isfunction(value)] + [
    getattr(value, name)
    for value in PUBLIC
    if inspect.isclass(value)
    for name in vars(value)
    if (name == "__init__" or name[0] != "_") and not name.startswith("set_")  # (scikit-learn's)
    if inspect.isroutine(getattr(value, name))
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__qualname__)
def test_public_signatures_are_typed(function):
    hints = inspect.get_annotations(inspect.unwrap(function))
    named = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    assert set(hints) == {*named, "return"}


def test_hints_are_for_type_checkers_of_others():
    assert Path(skmade.__file__).with_name("py.typed").exists()


def test_versions_are_shown(capsys):
    skmade.show_versions()
    shown = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert shown["skmade"] and re.match(r"\d+\.\d+", shown["numpy"])
    assert shown["python"].startswith("3.")
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    optional = ("progress", "onnx", "skl2onnx", "pyod", "dask")
    needed = sum((extras[name] for name in optional), ["skops", *project["dependencies"]])
    assert {re.match(r"[\w-]+", name)[0] for name in needed} <= shown.keys()


def test_the_changelog_begins_with_this_version():
    releases = re.findall(r"^## (\S+)", (HERE / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert releases[0] == skmade.__version__
    citation = (HERE / "CITATION.cff").read_text()
    assert re.search(rf"^version: {re.escape(skmade.__version__)}$", citation, re.MULTILINE)


def test_the_oldest_versions_are_those_of_the_project():
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    lowest = dict(dependency.split(">=") for dependency in project["dependencies"])
    lines = (HERE / "tests" / "oldest.txt").read_text().splitlines()
    oldest = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert oldest.keys() == lowest.keys()
    assert all(f"{oldest[name]}.".startswith(f"{lowest[name]}.") for name in lowest)


def test_the_page_of_the_interface_has_every_public_name():
    page = (HERE / "docs" / "api.rst").read_text()
    members = re.search(r"automodule:: skmade.blocks\n   :members: (.*)", page)[1].split(", ")
    assert sorted(members) == sorted(skmade.blocks.__all__)
    elsewhere = ["to_onnx", "as_input", "register_with_skl2onnx"]
    for name in [*skmade.__all__, *(f"onnx.{name}" for name in elsewhere), "pyod.MADE"]:
        assert re.search(rf"\bskmade\.{re.escape(name)}\b", page), name

"""Warnings name the caller's line, and come once; printed lines say whose they are."""

import re
import warnings

import numpy as np
import pytest
from conftest import correlated_flags, quick
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skmade import MADEOutlierDetector, _combination, _progress, _training

X = correlated_flags(60, 5)


def detector(**parameters):
    return MADEOutlierDetector((8,), max_iter=2, random_state=0, **parameters)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "fit",
    [
        lambda n_jobs: quick(n_jobs=n_jobs).fit(X),
        lambda n_jobs: quick(n_jobs=n_jobs, n_estimators=3).fit(X),
        lambda n_jobs: detector(n_jobs=n_jobs).fit(X),
        lambda n_jobs: detector(n_jobs=n_jobs, trim=0.1).fit(X),
        lambda n_jobs: detector(n_jobs=n_jobs).fit_predict(X),
        lambda n_jobs: make_pipeline(quick(n_jobs=n_jobs)).fit(X),
        lambda n_jobs: cross_val_score(quick(n_jobs=n_jobs), X, cv=2),
    ],
    ids=["one", "several", "detector", "trimmed", "fit_predict", "pipeline", "cross validation"],
)
def test_they_name_the_callers_line(fit, n_jobs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(n_jobs)
    assert caught
    assert {warning.filename for warning in caught} == {__file__}
    assert {warning.lineno for warning in caught} == {fit.__code__.co_firstlineno}


def test_so_do_those_of_lost_dependencies_and_of_networks_that_disagree(monkeypatch):
    monkeypatch.setattr(_combination, "LEAST_ACCEPTANCE", 1.0)
    model = quick(
        n_estimators=2, combination="product", hidden_layer_sizes=(1,), direct_connections=False
    )
    with pytest.warns(UserWarning) as caught:
        model.fit(X)
    kinds = ("dependencies", "agree so little", "max_iter")
    for kind in kinds:
        assert any(re.search(kind, str(warning.message)) for warning in caught)
    ours = [warning for warning in caught if issubclass(warning.category, UserWarning)]
    # (not NumPy's of interpreted kernels)
    assert {warning.filename for warning in ours} == {__file__}


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_one_says_how_many_networks_were_still_rising(n_jobs, monkeypatch):
    original = _training.train

    def train(*arguments):
        original(*arguments)
        progress = arguments[6]
        progress.is_rising = progress.number != 2

    monkeypatch.setattr(_training, "train", train)
    with pytest.warns(ConvergenceWarning, match="of 3 of 4 networks stopped") as caught:
        quick(n_estimators=4, n_jobs=n_jobs).fit(X)
    assert len(caught) == 1


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_printed_lines_name_their_network(n_jobs, capsys):
    model = quick(n_estimators=3, n_jobs=n_jobs, verbose=True, max_iter=5).fit(X)
    lines = capsys.readouterr().out.splitlines()[1:]
    pattern = r"Network (\d), epoch (\d): loss -?\d+\.\d{4}, validation score -?\d+\.\d{4}"
    found = [tuple(map(int, re.fullmatch(pattern, line).groups())) for line in lines]
    assert sorted(found) == [(k, epoch) for k in (1, 2, 3) for epoch in range(1, 6)]
    model.partial_fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:19] for line in lines] == [f"Network {k}, epoch 1:" for k in (1, 2, 3)]


def test_a_line_is_printed_in_one_piece(monkeypatch):
    pieces = []
    monkeypatch.setattr("sys.stdout", type("Out", (), {
        "write": staticmethod(pieces.append), "flush": staticmethod(lambda: None),
    })())  # fmt: skip
    progress = _training.Progress.start(np.zeros(1), 0.1, number=7)
    progress.loss_curve.append(1.0)
    _progress.Lines().end_epoch(progress)
    assert [piece for piece in pieces if piece] == ["Network 7, epoch 1: loss 1.0000\n"]

"""Callbacks of scikit-learn: what they are told of, and what they may end."""

import numpy as np
import pytest
from conftest import correlated_flags, network_of, quick
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmade import MADEImputer, MADEOutlierDetector

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = correlated_flags(100, 5)


class Recorder:
    """Writes down what it is told, and answers what `answer` of a context says.

    It is propagated from search, pipeline and imputer.
    """

    max_propagation_depth = None

    def __init__(self, answer=lambda context: None):
        self.answer, self.told = answer, []

    def setup(self, estimator, context):
        self.told.append(("setup", ()))

    def teardown(self, estimator, context):
        self.told.append(("teardown", ()))

    def on_fit_task_begin(self, estimator, context):
        self.told.append((f"begin {context.task_name}", path(context)))

    def on_fit_task_end(self, estimator, context):
        self.told.append((f"end {context.task_name}", path(context)))
        return self.answer(context)

    def paths(self, what):
        return [own for name, own in self.told if name == what]


class ScoreByNow:
    """Scores what the estimator would be if training ended at each task."""

    def __init__(self):
        self.scores = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        values = fitted_estimator.score_samples(X)
        if isinstance(fitted_estimator, MADEOutlierDetector):
            values = fitted_estimator.decision_function(X)
        self.scores.append((context.task_name, values))


def path(context):
    own = () if context.parent is None else path(context.parent)
    return own if context.parent is None else (*own, context.task_id)


def end_after(n_epochs):
    return lambda context: context.task_name == "epoch" and context.task_id == n_epochs - 1


def test_networks_are_tasks_and_epochs_are_subtasks_of_them():
    recorder = Recorder()
    quick(n_estimators=2, max_iter=2).set_callbacks(recorder).fit(X)
    tasks = []
    for k in range(2):
        tasks.append(("begin network", (k,)))
        for epoch in range(2):
            tasks += [("begin epoch", (k, epoch)), ("end epoch", (k, epoch))]
        tasks.append(("end network", (k,)))
    fit = [("setup", ()), ("begin fit", ()), *tasks, ("end fit", ()), ("teardown", ())]
    assert recorder.told == fit


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_training_is_the_same_bits_with_callbacks(n_jobs):
    alone = quick(n_estimators=3).fit(X)
    told = quick(n_estimators=3, n_jobs=n_jobs).set_callbacks(Recorder(), ScoreByNow()).fit(X)
    np.testing.assert_array_equal(told.score_samples(X), alone.score_samples(X))
    assert told.sample(3, random_state=0).tolist() == alone.sample(3, random_state=0).tolist()


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_stop_after_an_epoch_ends_the_training_of_its_network(n_jobs):
    model = quick(n_estimators=3, max_iter=50, n_iter_no_change=50, n_jobs=n_jobs)
    model.set_callbacks(Recorder(end_after(2))).fit(X)
    assert model.n_epochs_.tolist() == [2, 2, 2]
    two = quick(n_estimators=3, max_iter=50, n_iter_no_change=50)
    two.set_callbacks(Recorder(lambda context: context.task_id == 1)).fit(X)
    np.testing.assert_array_equal(network_of(model).theta, network_of(two).theta)


def test_a_stop_keeps_the_best_network_so_far():
    model = quick(max_iter=50, n_iter_no_change=50, learning_rate_init=0.3, alpha=0.0)
    model.set_callbacks(Recorder(end_after(7))).fit(X)
    assert np.argmax(model.validation_curve_) < 6  # or else the last network were the best
    best = 1 + int(np.argmax(model.validation_curve_))
    early = quick(max_iter=50, n_iter_no_change=50, learning_rate_init=0.3, alpha=0.0)
    early.set_callbacks(Recorder(end_after(best))).fit(X)
    np.testing.assert_array_equal(network_of(model).theta, network_of(early).theta)


def test_a_stop_after_a_network_ends_training():
    model = quick(n_estimators=3).set_callbacks(Recorder(lambda c: c.task_name == "network"))
    model.fit(X)
    assert len(model._density.networks) == len(model.n_epochs_) == 1


def test_a_stop_after_a_network_ends_those_that_train_beside_it():
    def answer(context):
        if context.task_name == "epoch":
            return context.parent.task_id == 0 and context.task_id == 1
        return context.task_name == "network"

    model = quick(n_estimators=3, max_iter=10**6, n_iter_no_change=10**6, n_jobs=2)
    recorder = Recorder(answer)
    model.set_callbacks(recorder).fit(X)
    assert 1 <= len(model._density.networks) <= 2  # the third was waiting
    assert set(recorder.paths("end network")) <= {(0,), (1,)}


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_error_of_a_callback_leaves_the_estimator_as_it_was(n_jobs):
    model = quick(n_estimators=2, n_jobs=n_jobs).fit(X)
    recorder = Recorder(lambda context: 1 / 0)
    model.set_callbacks(recorder)
    before = dict(vars(model))
    with pytest.raises(ZeroDivisionError):
        model.fit(X[:50])
    assert vars(model) == before
    assert recorder.told[-1] == ("teardown", ())


def test_what_is_fitted_by_now_is_the_best_so_far():
    scorer = ScoreByNow()
    model = quick(n_estimators=2, max_iter=3).set_callbacks(scorer).fit(X)
    names, values = zip(*scorer.scores)
    assert names == ("epoch", "epoch", "epoch", "network") * 2 + ("fit",)
    stopped = quick(n_estimators=2, max_iter=3)
    stopped.set_callbacks(Recorder(lambda c: c.task_name == "network" or end_after(2)(c))).fit(X)
    np.testing.assert_array_equal(values[1], stopped.score_samples(X))
    np.testing.assert_array_equal(values[-1], model.score_samples(X))


@pytest.mark.parametrize("contamination", ["auto", 0.1])
@pytest.mark.parametrize("trim", [0.0, 0.1])
def test_a_detector_that_is_fitted_by_now_has_a_threshold(trim, contamination):
    scorer, recorder = ScoreByNow(), Recorder()
    detector = MADEOutlierDetector(
        (8,), n_estimators=2, max_iter=1, trim=trim, contamination=contamination, random_state=0
    )
    detector.set_callbacks(scorer, recorder).fit(X)
    np.testing.assert_array_equal(scorer.scores[-1][1], detector.decision_function(X))
    assert np.isfinite([values for _, values in scorer.scores]).all()
    n_networks = 4 if trim else 2  # networks are trained twice
    assert recorder.paths("end network") == [(k,) for k in range(n_networks)]
    assert [name for name, _ in recorder.told].count("begin fit") == 1


def test_what_ends_all_training_ends_all_rounds_of_a_detector():
    recorder = Recorder(lambda context: context.task_name == "network")
    detector = MADEOutlierDetector((8,), n_estimators=2, max_iter=2, trim=0.1, random_state=0)
    detector.set_callbacks(recorder).fit(X)
    assert recorder.paths("begin network") == [(0,)]


def test_tasks_hang_on_those_of_a_search_of_a_pipeline_and_of_an_imputer():
    recorder = Recorder()
    pipeline = make_pipeline(FunctionTransformer(), quick(max_iter=1))
    grid = {"madedensity__activation": ["relu"]}
    with pytest.warns(UserWarning, match="FunctionTransformer does not support callbacks"):
        GridSearchCV(pipeline, grid, cv=2).set_callbacks(recorder).fit(X)
    epochs = recorder.paths("end epoch")
    assert len(epochs) == 3  # of two folds and of the refit
    assert recorder.told.count(("setup", ())) == 1
    recorder = Recorder()
    MADEImputer(quick(max_iter=1)).set_callbacks(recorder).fit(X)
    assert recorder.paths("end epoch") == [(0, 0, 0)]
    assert [name for name, _ in recorder.told].count("begin fit") == 2  # imputer's, density's


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_progress_bar_of_scikit_learn_counts_to_the_end(n_jobs, capsys):
    pytest.importorskip("rich")
    quick(n_estimators=2, n_jobs=n_jobs).set_callbacks(callback.ProgressBar()).fit(X)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert len(lines) == 3
    assert lines[0][:3] == ["MADEDensity", "-", "fit"]
    assert [line[-2] for line in lines] == ["100%"] * 3


def test_the_monitor_of_scikit_learn_scores_the_best_so_far():
    monitor = callback.ScoringMonitor(scoring={"nats": lambda model, X, y: model.score(X)})
    model = quick(max_iter=3).set_callbacks(monitor).fit(X, np.zeros(len(X)))
    rows = monitor.get_logs().data
    assert [row["task_name"] for row in rows].count("epoch") == model.n_iter_
    (last,) = (row["nats"] for row in rows if row["task_name"] == "network")
    assert last == pytest.approx(model.score(X))


def test_a_model_is_cloned_and_stored_with_its_callbacks():
    import pickle

    from sklearn.base import clone

    model = quick().set_callbacks(ScoreByNow()).fit(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.score_samples(X), model.score_samples(X))
    copied = clone(model).fit(X)
    np.testing.assert_array_equal(copied.score_samples(X), model.score_samples(X))

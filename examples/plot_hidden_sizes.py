"""
Hidden sizes, chosen by held-out likelihood
===========================================

The score of a density is the mean log-density of rows that it has not seen, and so scikit-learn's
tools choose its parameters as they do those of a classifier.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, ValidationCurveDisplay

from skmade import MADEDensity

X = (load_digits().data > 7).astype(float)
model = MADEDensity(n_estimators=1, direct_connections=False, random_state=0)

# %%
# Networks with too few units cannot say what digits look like. Dropout and held-out rows keep wide
# ones from learning the training rows by heart: their score on these goes on to rise, while that on
# others hardly does.
display = ValidationCurveDisplay.from_estimator(
    model,
    X,
    y=None,
    param_name="hidden_layer_sizes",
    param_range=[64, 100, 160, 250, 500, 1000],
    cv=3,
    score_name="log-probability of a digit [nats]",
)

# %%
# The best of several shapes:
search = GridSearchCV(model, {"hidden_layer_sizes": [(128,), (500,), (128, 128)]}, cv=3).fit(X)
for shape, score in zip(
    search.cv_results_["param_hidden_layer_sizes"], search.cv_results_["mean_test_score"]
):
    print(f"{shape}: {score:.1f} nats per held-out digit")
print("best:", search.best_params_)

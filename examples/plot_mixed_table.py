"""
A mixed table, drawn and compared
=================================

A table of numbers, whole numbers, flags and text goes in as it is, and draws come back in the same
columns and dtypes. Good draws have the same distributions as the data, and the same relations.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict, train_test_split

from skmade import ColumnDensityDisplay, DrawsDisplay, MADEDensity

# %%
# Patients with diabetes. Age and glucose are whole numbers; the sex, which the table has as 1 or 2,
# is a flag; and a class of weight, which follows from the body mass, is text.
table = load_diabetes(as_frame=True, scaled=False).frame
X = pd.DataFrame(
    {
        "age": table["age"].astype(int),
        "sex is 2": table["sex"] == 2,
        "body mass": table["bmi"],
        "pressure": table["bp"],
        "glucose": table["s6"].astype(int),
        "weight": pd.cut(table["bmi"], [0, 25, 30, 99], labels=["normal", "over", "obese"]),
        "progression": table["target"],
    }
)
train, test = train_test_split(X, test_size=0.4, random_state=0)
model = MADEDensity(hidden_layer_sizes=(64, 64), n_estimators=3, random_state=0).fit(train)
drawn = model.sample(len(test), random_state=0)
drawn.head()

# %%
# What each column was taken for:
print(pd.Series(model.conditionals_, index=X.columns))

# %%
# The draws beside rows that the model has not seen:
DrawsDisplay.from_estimator(
    model,
    test,
    features=[
        ("age", "pressure"), ("body mass", "progression"), ("body mass", "glucose"),
        "glucose", "weight", "sex is 2",
    ],
    random_state=0,
)  # fmt: skip

# %%
# A classifier that is to tell draws from rows is a stricter judge. It looks for whatever differs,
# relations of several columns included; with an area of 0.5 under its curve it finds nothing, with
# one of 1 everything.
both = pd.concat([test, drawn], ignore_index=True)
is_drawn = np.arange(len(both)) >= len(test)
judge = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
scores = cross_val_predict(judge, both, is_drawn, cv=5, method="predict_proba")[:, 1]
area = np.mean(scores[is_drawn][:, None] > scores[~is_drawn])
print(f"area under the curve: {area:.2f}")

# %%
# Densities of a column, given another. The mass of each is 1.
figure, ax = plt.subplots(layout="constrained")
for weight in ("normal", "over", "obese"):
    ColumnDensityDisplay.from_estimator(
        model, "progression", given={"weight": weight}, random_state=0, ax=ax
    )

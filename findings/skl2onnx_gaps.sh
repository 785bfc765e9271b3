#!/usr/bin/env bash
# Transformers of scikit-learn let gaps through, so that what follows, such as a density, may skip
# them. skl2onnx's graphs of scalers and QuantileTransformer do so too; those of PowerTransformer and
# OrdinalEncoder make values of gaps: the transform of 0, and -1, also where `encoded_missing_value` says
# otherwise. Trees that learnt from gaps send them another way than scikit-learn does. Nothing warns.
# Seen, for a column 1, 2, 4, gap, 8 (what became of the gap):
#   skl2onnx 1.20.0, onnxruntime 1.32.0, scikit-learn 1.9.1
#                           scikit-learn     ONNX
#   StandardScaler                   nan      nan
#   QuantileTransformer              nan      nan
#   PowerTransformer                 nan   -2.915
#   OrdinalEncoder                   nan   -1.000
#   OrdinalEncoder, -2            -2.000   -1.000
#   DecisionTreeRegressor          0.000    1.000
# Whoever exports a pipeline must compare both on rows with gaps, and put these where there are none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'P'
import numpy as np
import onnxruntime
import skl2onnx
import sklearn
from sklearn.preprocessing import (
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.tree import DecisionTreeRegressor

print(f"skl2onnx {skl2onnx.__version__}, onnxruntime {onnxruntime.__version__}, ", end="")
print(f"scikit-learn {sklearn.__version__}")
X = np.array([[1], [2], [4], [np.nan], [8]], dtype=np.float32)
y = np.array([0.0, 0.0, 1.0, 0.0, 1.0])


def both(model):
    """What becomes of the gap, and whether all other rows are as in scikit-learn."""
    model.fit(X, y)
    right = (model.predict(X) if hasattr(model, "predict") else model.transform(X)).ravel()
    graph = skl2onnx.to_onnx(model, X[:1]).SerializeToString()
    onnx = onnxruntime.InferenceSession(graph).run(None, {"X": X})[0].ravel()
    others = np.isfinite(X.ravel())
    assert np.allclose(right[others], onnx[others], atol=1e-4)
    return right[3], onnx[3]


models = {
    "StandardScaler": StandardScaler(),
    "QuantileTransformer": QuantileTransformer(n_quantiles=4),
    "PowerTransformer": PowerTransformer(),
    "OrdinalEncoder": OrdinalEncoder(),
    "OrdinalEncoder, -2": OrdinalEncoder(encoded_missing_value=-2),
    "DecisionTreeRegressor": DecisionTreeRegressor(random_state=0),
}
print(f"{'':<22}  scikit-learn     ONNX")
seen = {name: both(model) for name, model in models.items()}
for name, (right, onnx) in seen.items():
    print(f"{name:<22}  {right:12.3f}  {onnx:7.3f}")
assert all(np.isnan(seen[name]).all() for name in list(models)[:2])
for name in list(models)[2:]:
    right, onnx = seen[name]
    assert np.isfinite(onnx) and right != onnx
P

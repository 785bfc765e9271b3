#!/usr/bin/env bash
# scoringrules computes in kernels of numba where a call asks for that, and `crps_quantile` does so by
# itself where numba is installed. They return the dtype of what came in: where observations and draws
# are both integers, as counts are, many scores are cut off to integers, without a warning. The NumPy
# backend, and floats, give what they should.
# Seen, for the first of four rows of counts, each with 20 draws:
#   scoringrules 0.10.0, numba 0.68.1
#                          default   numba  of floats, numba
#   crps_ensemble, pwm      0.6474  0.0000            0.6474
#   crps_quantile           1.0000  1.0000            1.4425
#   dssuv_ensemble          1.9145  1.0000            1.9145
#   variogram_score         1.0339  0.0000            1.0339
# Whoever scores draws of counts, flags or codes must make floats of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    scoringrules==0.10.0 numba==0.68.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numba
import numpy as np
import scoringrules as sr

print(f"scoringrules {sr.__version__}, numba {numba.__version__}")
rng = np.random.default_rng(0)
one = rng.poisson(3, 4), rng.poisson(3, (4, 20))
three = rng.poisson(3, (4, 3)), rng.poisson(3, (4, 20, 3))
levels = np.linspace(0.025, 0.975, 20)
scores = {
    "crps_ensemble, pwm": (one, lambda y, x, b: sr.crps_ensemble(y, x, estimator="pwm", backend=b)),
    "crps_quantile": (one, lambda y, x, b: sr.crps_quantile(y, x, levels, backend=b)),
    "dssuv_ensemble": (one, lambda y, x, b: sr.dssuv_ensemble(y, x, backend=b)),
    "variogram_score": (three, lambda y, x, b: sr.variogram_score(y, x, backend=b)),
}
print(f"{'':<20}   default   numba  of floats, numba")
for name, ((y, x), score) in scores.items():
    default, cut, right = score(y, x, None), score(y, x, "numba"), score(1.0 * y, 1.0 * x, "numba")
    print(f"{name:<20}  {default[0]:8.4f}  {cut[0]:6.4f}  {right[0]:16.4f}")
    assert cut.dtype.kind == "i" and not np.allclose(cut, right, atol=0.1)
    assert np.allclose(score(y, x, "numpy"), right)
    assert np.allclose(default, cut if name == "crps_quantile" else right)
P

"""Codes and sizes that kernels are compiled with."""

# Numbers of activations and solvers: the order of these tuples.
ACTIVATIONS = ("relu", "tanh", "logistic", "softplus", "elu")
SOLVERS = ("adam", "adagrad", "adadelta", "sgd")

# Rows are trained on, scored and drawn so many at a time: so that what units hold for them
# stays in the cache, and the weights are not read too often.
TILE, SCORE_TILE, DRAW_TILE = 128, 128, 256

# Rows of a panel. Its weights lie source unit by source unit, so that all three products
# (forward, backward, gradients) read or write it from beginning to end.
PANEL_ROWS = 48

# Source units that are not zero are listed by blocks of so many, whose weights for a panel stay in
# the nearest cache while all rows of a tile add them up.
LIST_BLOCK = 4 * PANEL_ROWS

# Rows of a group of particles: one vector, so that groups never lie in two tiles.
PARTICLES = 16

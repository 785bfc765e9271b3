"""What every "auto" stands for: functions of the rows, the columns and nothing else."""

from itertools import pairwise

import numpy as np

from skmade._kernels._product import LANES

# Hidden layers of a table of real columns, or of enough rows for two of them; those of a table of
# so few columns, and of fewer rows than these.
_TWO_LAYERS, _TWO_NARROW_LAYERS = (256, 256), (128, 128)
_COLUMNS_FOR_NARROW_LAYERS, _ROWS_FOR_USUAL_LAYERS = 6, 10_000
# With fewer rows for each column, a second hidden layer fits flags too closely.
_ROWS_FOR_TWO_LAYERS = 15
# More columns than this want more units than two layers have.
_COLUMNS_FOR_TWO_LAYERS = 256
# Rows that several networks see together, at most, and how many there are at most.
_ROWS_SEEN = 32_000
_MOST_NETWORKS = 5
# Twice as many fill in missing cells, but of more columns than this.
_COLUMNS_TO_FILL = 200
# All networks have so many parameters at most, or so many for each cell of the table.
_PARAMETERS, _PARAMETERS_PER_CELL = 8e6, 100
# Components of mixtures, and what they are cut to where parameters are too many, or rows few: so
# many, or so many for each column, are enough for most. Those of one or two columns cost little.
_COMPONENTS = (10, 5, 3, 2)
_MORE_COMPONENTS, _COLUMNS_FOR_MORE_COMPONENTS = 20, 2
_ROWS_FOR_MOST_COMPONENTS, _ROWS_OF_A_COLUMN_FOR_THEM = 4000, 100
_NARROWEST = 32
# An epoch has about so many steps, if batches of the sizes allowed make it; of large tables, more.
# These are whole vectors of rows, which kernels would fill up.
_STEPS_PER_EPOCH, _BATCH_SIZES = 32, (16, 112)
_MOST_STEPS_PER_EPOCH, _LARGEST_BATCH = 1000, 1000
# The step of many rows, and how many epochs are waited for. Few rows make few steps an epoch:
# longer ones, and more epochs, make up for that, up to so many times the usual.
LEARNING_RATE, _WAIT = 0.003, 4
_ROWS_FOR_USUAL_STEPS, _LONGEST_STEP, _WAIT_OF_FEW_ROWS = 1024, 2, 2
# One column has nothing but biases, which bear longer steps, and need them.
_STEP_OF_ONE_COLUMN = 0.02
# Few columns have shapes that networks come to after long plateaus, which want waits up to so many
# times as long besides; many rows make many steps.
_COLUMNS_FOR_USUAL_WAITS, _ROWS_FOR_USUAL_WAITS, _WAIT_OF_FEW_COLUMNS = 6, 30_000, 3
# Of the Laplace prior of weights that is tried, nats of a table's rows for each unit of a weight.
_L1 = (1 / 16, 1 / 4, 1, 4, 16)


def hidden_layer_sizes(n_rows, is_discrete):
    """Widths of the hidden layers, for columns that are discrete or not."""
    n_columns = len(is_discrete)
    has_few_rows = n_rows < _ROWS_FOR_TWO_LAYERS * n_columns
    if all(is_discrete) and (has_few_rows or n_columns > _COLUMNS_FOR_TWO_LAYERS):
        return [500]
    is_narrow = n_columns <= _COLUMNS_FOR_NARROW_LAYERS and n_rows < _ROWS_FOR_USUAL_LAYERS
    return list(_TWO_NARROW_LAYERS if is_narrow else _TWO_LAYERS)


def most_parameters(n_rows, n_columns):
    """How many parameters all networks together may have."""
    return max(_PARAMETERS, _PARAMETERS_PER_CELL * n_rows * n_columns)


def count_parameters(sizes, n_inputs, n_outputs, direct_connections):
    """About how many parameters a network has: half of each matrix."""
    widths = [n_inputs, *sizes, n_outputs]
    count = sum(before * after for before, after in pairwise(widths))
    if direct_connections and sizes:
        count += n_inputs * n_outputs
    return count / 2


def components(n_rows, n_columns, more_of_few_columns=True):
    """Components of mixtures, and what they are cut to."""
    enough = min(_ROWS_FOR_MOST_COMPONENTS, _ROWS_OF_A_COLUMN_FOR_THEM * n_columns)
    if n_rows < enough:
        return _COMPONENTS[1:]
    if more_of_few_columns and n_columns <= _COLUMNS_FOR_MORE_COMPONENTS:
        return _MORE_COMPONENTS, *_COMPONENTS
    return _COMPONENTS


def shape(n_rows, widths_of, sizes, fixed_sizes, components, direct_connections):
    """Hidden layers, components and direct connections that rows and columns can bear.

    Where all networks together would have too many parameters, components are cut, direct
    connections left out (if hidden layers keep all dependencies without them) and hidden
    layers narrowed, in this order.

    Parameters
    ----------
    n_rows : int
    widths_of : callable
        ``widths_of(n_components)`` returns how many inputs and outputs each column has.
    sizes : list of int
        Hidden layers to begin with.
    fixed_sizes : bool
        Whether they were given.
    components : tuple of int
        Components to begin with, and what they may be cut to.
    direct_connections : bool or "auto"

    Returns
    -------
    sizes : list of int
    n_components : int
    direct_connections : bool
    """
    n_columns = len(widths_of(1)[0])
    directs = (True, False) if direct_connections == "auto" else (direct_connections,)
    most = most_parameters(n_rows, n_columns)
    while True:
        for k in components:
            n_inputs, n_outputs = map(sum, widths_of(k))
            for direct in directs:
                if not direct and len(directs) > 1 and min(sizes, default=0) < n_columns - 1:
                    continue
                best = sizes, k, direct
                if count_parameters(sizes, n_inputs, n_outputs, direct) <= most:
                    return best
        narrower = [max(size // 2, _NARROWEST) for size in sizes]
        if fixed_sizes or all(size <= _NARROWEST for size in sizes):
            return best
        sizes = narrower


def n_networks(n_rows, n_columns, n_parameters, most=_MOST_NETWORKS, rows_seen=_ROWS_SEEN):
    """How many networks there are: as many as see `rows_seen` rows together."""
    bearable = most_parameters(n_rows, n_columns) / max(n_parameters, 1)
    return int(np.clip(min(rows_seen / n_rows, bearable), 1, most))


def networks_to_fill(n_rows, n_columns):
    """How many networks fill in missing cells: `n_estimators`.

    The more orderings there are, the nearer one comes to having known cells first. (Ten networks
    of default sizes have at most about 8 million parameters up to 200 columns.)
    """
    if n_columns > _COLUMNS_TO_FILL:
        return "auto"
    return int(np.clip(2 * _ROWS_SEEN / n_rows, 1, 2 * _MOST_NETWORKS))


def batch_size(n_rows):
    """Rows of a mini-batch."""
    vectors = -(-(n_rows // _STEPS_PER_EPOCH) // LANES)
    usual = int(np.clip(vectors * LANES, *_BATCH_SIZES))
    return max(usual, min(n_rows // _MOST_STEPS_PER_EPOCH, _LARGEST_BATCH))


def l1(n_rows):
    """Strengths of a Laplace prior of the weights, which held-out rows choose from."""
    return tuple(strength / n_rows for strength in _L1)


def learning_rate(n_rows, n_columns):
    """Step size at the start of training."""
    if n_columns == 1:
        return _STEP_OF_ONE_COLUMN
    return LEARNING_RATE * _factor_of_few(n_rows, _LONGEST_STEP)


def n_iter_no_change(n_rows, n_columns):
    """Epochs without improvement that are waited for."""
    of_columns = min(_COLUMNS_FOR_USUAL_WAITS / n_columns, _ROWS_FOR_USUAL_WAITS / n_rows)
    factor = float(np.clip(of_columns, 1, _WAIT_OF_FEW_COLUMNS))
    return round(_WAIT * factor * _factor_of_few(n_rows, _WAIT_OF_FEW_ROWS))


def _factor_of_few(n_rows, most):
    return float(np.clip(_ROWS_FOR_USUAL_STEPS / n_rows, 1, most))

"""What a user would run instead: the same network in PyTorch, and a flow of zuko.

Imported only by benchmarks; every rival is left out where its package is not installed.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class MaskedLinear(nn.Linear):
    """A linear layer whose weights are multiplied by a mask in every step."""

    def __init__(self, mask):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", torch.as_tensor(mask, dtype=torch.float32))

    def forward(self, x):
        return functional.linear(x, self.mask * self.weight, self.bias)

    def masked_once(self):
        """The same layer with the mask multiplied in for good."""
        layer = nn.Linear(self.in_features, self.out_features)
        layer.weight.data, layer.bias.data = self.mask * self.weight.data, self.bias.data
        return layer


class TorchMADE(nn.Module):
    """MADE for flags, with direct connections, as in the paper."""

    def __init__(self, masks, direct):
        super().__init__()
        self.layers = nn.ModuleList(MaskedLinear(mask) for mask in masks)
        self.direct = MaskedLinear(direct)

    def forward(self, x):
        h = x
        for layer in self.layers[:-1]:
            h = torch.relu(layer(h))
        return self.layers[-1](h) + self.direct(x)

    def masked_once(self):
        """A copy for scoring and sampling, without masks."""
        copy = TorchMADE([layer.mask.numpy() for layer in self.layers], self.direct.mask.numpy())
        copy.layers = nn.ModuleList(layer.masked_once() for layer in self.layers)
        copy.direct = self.direct.masked_once()
        return copy


def loss_of(model, x):
    """Mean negative log-probability, in nats."""
    total = functional.binary_cross_entropy_with_logits(model(x), x, reduction="sum")
    return total / len(x)


def training_step(model, compiled):
    """A function that makes one step of Adam on a batch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss = torch.compile(loss_of) if compiled else loss_of

    def step(x):
        optimizer.zero_grad(set_to_none=True)
        loss(model, x).backward()
        optimizer.step()

    return step


@torch.no_grad()
def score(model, X, batch_size=1000):
    """Log-probability of each row."""
    parts = []
    for x in torch.as_tensor(X, dtype=torch.float32).split(batch_size):
        logits = model(x)
        parts.append(-functional.softplus(torch.where(x > 0, -logits, logits)).sum(1))
    return torch.cat(parts).numpy()


@torch.no_grad()
def sample(model, n_samples, n_features):
    """Rows drawn by as many passes as there are features (natural ordering)."""
    x = torch.zeros(n_samples, n_features)
    for d in range(n_features):
        x[:, d] = torch.bernoulli(torch.sigmoid(model(x)[:, d]))
    return x.numpy()


def zuko_step(n_features, hidden):
    """A function that makes one step of a zuko MAF with one transform, and the flow."""
    import zuko

    flow = zuko.flows.MAF(n_features, transforms=1, hidden_features=hidden)
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)

    def step(x):
        optimizer.zero_grad(set_to_none=True)
        (-flow().log_prob(x).mean()).backward()
        optimizer.step()

    return step, flow


def set_threads(n_threads):
    """Threads of PyTorch's products."""
    torch.set_num_threads(n_threads)


def tensor(X):
    """Rows as PyTorch wants them."""
    return torch.as_tensor(np.asarray(X), dtype=torch.float32)


def fit_flow(kind, X, X_val, patience=15, max_epochs=500):
    """A flow of zuko, by Adam in batches of 256; the best network on the validation rows."""
    import zuko

    torch.manual_seed(0)
    make, transforms = {"MAF": (zuko.flows.MAF, 5), "NSF": (zuko.flows.NSF, 3)}[kind]
    flow = make(X.shape[1], transforms=transforms, hidden_features=(128, 128))
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
    rows, held_out = tensor(X), tensor(X_val)
    best, state, stale = -np.inf, None, 0
    for _ in range(max_epochs):
        for batch in torch.randperm(len(rows)).split(256):
            optimizer.zero_grad(set_to_none=True)
            (-flow().log_prob(rows[batch]).mean()).backward()
            optimizer.step()
        with torch.no_grad():
            score = flow().log_prob(held_out).mean().item()
        stale = 0 if score > best else stale + 1
        if score > best:
            best, state = score, {key: value.clone() for key, value in flow.state_dict().items()}
        if stale >= patience:
            break
    flow.load_state_dict(state)
    return flow


@torch.no_grad()
def flow_score(flow, X):
    """Log-density of each row."""
    return flow().log_prob(tensor(X)).numpy()

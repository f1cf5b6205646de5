"""How the transformer of parts/transformer.py is trained, with torch, the extra `deep`.

What matters, measured (benchmarks/LOG.md): item vectors start from parts/spectral.py and the layers at zero, so that
training refines an item-to-item model; the loss is the softmax over the whole catalogue, not over a few negatives;
weights are averaged over the last steps; the learning rate is high, with a short warm-up.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor

from tastemaker.data.interactions import Floats, Ints, Longs
from tastemaker.recipes.parts.low_rank_sequence import vectors_of_followers
from tastemaker.recipes.parts.spectral import spectral_vectors
from tastemaker.recipes.parts.transformer import GAPS, Transformer, turns
from tastemaker.recipes.parts.transformer_network import FullSoftmax, Noise, forward, sampled_softmax

LAYER_GAINS = ("before_attention_YD", "before_wide_YD")
FULL_SOFTMAX_ITEMS_MAX = 20_000  # beyond it the target and NEGATIVES items stand for the catalogue
PATIENCE = 3  # epochs without a better validation loss
EXAMINED_AT_ONCE = 64

Window = tuple[int, int]  # start and end among the events
Tell = Callable[[float, Mapping[str, float]], bool]


@dataclass(frozen=True)
class Plan:
    """How large the network is, and how it is trained. inner: width of the wide layer relative to `width`."""

    width: int = 128
    heads: int = 4
    layers: int = 2
    inner: int = 2
    length: int = 200
    epochs: int = 5
    tokens: int = 6400  # events in a step
    rate: float = 0.003
    dropout: float = 0.2
    warm_up: float = 0.05  # share of the steps
    averaging: float = 0.99  # what the average keeps of itself at each step


@dataclass(frozen=True)
class Lessons:
    """Histories to learn from, one user after the other, oldest event first, places below n_items.

    start_S: where each history starts, and the end. gap_N: classes of parts/transformer.py; None: not looked at.
    weight_N: what predicting the event is worth.
    """

    item_N: Ints
    start_S: Longs
    n_items: int
    gap_N: Ints | None = None
    weight_N: Floats | None = None


@dataclass(frozen=True)
class Exam:
    """Histories with the item that followed each, none of it learned from."""

    histories: Sequence[Ints]
    gaps: Sequence[Ints]
    truth_S: Ints


def trained(
    lessons: Lessons,
    exam: Exam,
    plan: Plan,
    seed: int,
    tell: Tell,
    start: tuple[Transformer, Ints] | None = None,
) -> Transformer:
    """The network whose averaged weights found the truths of the exam most likely, over all epochs.

    tell: given the share of the work done, with the epoch, the loss and the validation loss; its False ends the
    training with the best so far, and what it raises passes. start: a network to go on from, and the place of each
    item in it, -1 for items that it does not know. Same input and number of threads, same weights.
    Raises ValueError if the loss is not finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _Training(lessons, exam, plan, seed, start).run(tell)


class _Training:
    def __init__(
        self, lessons: Lessons, exam: Exam, plan: Plan, seed: int, start: tuple[Transformer, Ints] | None
    ) -> None:
        self.lessons, self.exam, self.plan = lessons, exam, plan
        self.rng = np.random.default_rng(seed)
        self.noise = Noise(plan.dropout)
        self.weights = _untrained(lessons, plan) if start is None else _continued(*start, lessons)
        self.average = {name: weight.detach().clone() for name, weight in self.weights.items()}
        count_M = np.bincount(lessons.item_N, minlength=lessons.n_items) + 1.0
        self.drawn_M = torch.from_numpy((count_M**0.75 / (count_M**0.75).sum()).astype(np.float32))
        half = plan.width // plan.heads // 2
        self.turn = tuple(map(torch.from_numpy, turns(plan.length, 2 * half)))

    def run(self, tell: Tell) -> Transformer:
        plan = self.plan
        steps_per_epoch = len(self.groups(np.random.default_rng(0)))  # about: stretches vary from epoch to epoch
        n_steps = plan.epochs * steps_per_epoch
        optimizer = torch.optim.AdamW(
            self.weights.values(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0, fused=True
        )
        best, best_loss, since_best, step = self.average, math.inf, 0, 0
        for epoch in range(plan.epochs):
            loss = 0.0
            for batch in self.batches(self.rng):
                for group in optimizer.param_groups:
                    group["lr"] = plan.rate * _rate(min(1.0, step / n_steps), plan.warm_up)
                loss += self.step(batch, optimizer, step)
                step += 1
                if not tell(min(1.0, step / n_steps), {"epoch": step / steps_per_epoch}):
                    return self.exported(best if best_loss < math.inf else self.average)
            if not math.isfinite(loss):
                raise ValueError("The training diverged. Give a smaller learning_rate.")
            exam_loss = self.examined()
            since_best += 1
            if exam_loss < best_loss or not len(self.exam.truth_S):
                best = {name: weight.clone() for name, weight in self.average.items()}
                best_loss, since_best = exam_loss, 0
            facts = {"epoch": epoch + 1, "loss": loss / steps_per_epoch, "validation_loss": exam_loss}
            if not tell((epoch + 1) / plan.epochs, facts) or since_best == PATIENCE:
                break
        return self.exported(best)

    def step(self, batch: "_Batch", optimizer: torch.optim.Optimizer, step: int) -> float:
        state_BLD = forward(self.weights, batch.item_BL, batch.gap_BL, self.plan.heads, self.turn, self.noise)
        is_asked_BL = batch.target_BL >= 0
        state_ND, target_N = state_BLD[is_asked_BL], batch.target_BL[is_asked_BL]
        weight_N = batch.weight_BL[is_asked_BL] if batch.weight_BL is not None else torch.ones(len(target_N))
        loss = self.loss(state_ND, target_N, weight_N / weight_N.sum())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        optimizer.step()
        kept = min(self.plan.averaging, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, weight in self.weights.items():
                self.average[name].lerp_(weight, 1 - kept)
        return loss.item()

    def loss(self, state_ND: Tensor, target_N: Tensor, weight_N: Tensor) -> Tensor:
        item_MD, bias_M = self.weights["item_MD"], self.weights["bias_M"]
        if self.lessons.n_items <= FULL_SOFTMAX_ITEMS_MAX:
            found: Tensor = FullSoftmax.apply(  # type: ignore[no-untyped-call]
                state_ND, item_MD, bias_M, target_N, weight_N
            )
            return found
        return sampled_softmax(state_ND, item_MD, bias_M, target_N, weight_N, self.drawn_M)

    def batches(self, rng: np.random.Generator) -> Iterator["_Batch"]:
        """All windows once, those of a group at a time, in random order."""
        groups = self.groups(rng)
        for number in rng.permutation(len(groups)):
            yield self.batch(groups[number])

    def groups(self, rng: np.random.Generator) -> list[list[Window]]:
        """Windows of similar length, at most `tokens` events in each group unless a single window has more."""
        windows = list(self.windows(rng))
        length_W = np.array([end - start for start, end in windows]) - 1
        groups: list[list[Window]] = []
        for place in np.argsort(length_W + rng.uniform(0, 4, len(length_W)), kind="stable").tolist():
            start, end = windows[place]
            longest = max(end - start, *(b - a for a, b in groups[-1][-1:])) - 1 if groups else 0
            if not groups or (len(groups[-1]) + 1) * longest > self.plan.tokens:
                groups.append([])
            groups[-1].append(windows[place])
        return groups

    def windows(self, rng: np.random.Generator) -> Iterator[Window]:
        """Start and end of stretches of at most `length` events and one more, which the next stretch starts with."""
        most = self.plan.length
        for start, end in zip(self.lessons.start_S[:-1].tolist(), self.lessons.start_S[1:].tolist(), strict=True):
            if end - start < 2:
                continue
            # The cut moves from epoch to epoch, so that every event gets its turn with a long history.
            first = start + int(rng.integers(most // 4, most + 1)) if end - start > most + 1 else end - 1
            cuts = [start, *range(first, end - 1, most), end - 1]
            yield from ((a, b + 1) for a, b in pairwise(cuts) if b > a)

    def batch(self, windows: Sequence[Window]) -> "_Batch":
        lessons = self.lessons
        seen = [slice(start, end - 1) for start, end in windows]
        wanted = [slice(start + 1, end) for start, end in windows]
        return _Batch(
            _padded([lessons.item_N[part] for part in seen], 0),
            _padded([lessons.item_N[part] for part in wanted], -1),
            None if lessons.gap_N is None else _padded([lessons.gap_N[part] for part in seen], 0),
            None if lessons.weight_N is None else _padded([lessons.weight_N[part] for part in wanted], 0),
        )

    def examined(self) -> float:
        """Mean negative log likelihood of the exam's truths by the averaged weights; 0 without an exam."""
        exam, losses = self.exam, []
        with torch.inference_mode():
            for first in range(0, len(exam.truth_S), EXAMINED_AT_ONCE):
                part = slice(first, first + EXAMINED_AT_ONCE)
                histories = [history_L[-self.plan.length :] for history_L in exam.histories[part]]
                gap_BL = None
                if self.lessons.gap_N is not None:
                    gap_BL = _padded([gap_L[-self.plan.length :] for gap_L in exam.gaps[part]], 0)
                state_BLD = forward(self.average, _padded(histories, 0), gap_BL, self.plan.heads, self.turn, None)
                end_B = torch.tensor([len(history_L) - 1 for history_L in histories])
                state_BD = state_BLD[torch.arange(len(histories)), end_B]
                logit_BM = functional.linear(state_BD, self.average["item_MD"], self.average["bias_M"])
                truth_B = torch.from_numpy(exam.truth_S[part].astype(np.int64))
                losses.append(functional.cross_entropy(logit_BM, truth_B, reduction="none"))
        return float(torch.cat(losses).mean()) if losses else 0.0

    def exported(self, weights: Mapping[str, Tensor]) -> Transformer:
        arrays: dict[str, Any] = {name: weight.detach().numpy().copy() for name, weight in weights.items()}
        arrays.setdefault("gap_GD", np.zeros((0, self.plan.width), np.float32))
        return Transformer(**arrays, heads=self.plan.heads, length=self.plan.length)


@dataclass(frozen=True)
class _Batch:
    """item_BL: what is given. target_BL: what follows, -1 where nothing is asked."""

    item_BL: Tensor
    target_BL: Tensor
    gap_BL: Tensor | None
    weight_BL: Tensor | None


def _padded(rows: Sequence[Ints | Floats], filling: int) -> Tensor:
    """One row below the other, each from the left, shape (B, L); whole numbers are long ones."""
    kind = np.float32 if rows[0].dtype == np.float32 else np.int64
    part_BL = np.full((len(rows), max(map(len, rows))), filling, kind)
    for part_L, row_L in zip(part_BL, rows, strict=True):
        part_L[: len(row_L)] = row_L
    return torch.from_numpy(part_BL)


def _untrained(lessons: Lessons, plan: Plan) -> dict[str, Tensor]:
    """Weights of the untrained network, which finds neighbours of the newest item, weighed by popularity."""
    width, inner, layers = plan.width, plan.width * plan.inner, plan.layers
    lengths_S = np.diff(lessons.start_S)
    left_N = np.repeat(lessons.start_S[1:], lengths_S) - np.arange(len(lessons.item_N)) - 1
    count_M = np.bincount(lessons.item_N, minlength=lessons.n_items) + 1.0
    log_share_M = np.log(count_M / count_M.sum())
    arrays = {
        "item_MD": torch.from_numpy(_vectors(lessons, left_N, width)),
        "bias_M": torch.from_numpy((log_share_M - log_share_M.mean()).astype(np.float32)),
        "query_key_value_YDE": _uniform(layers, width, 3 * width),
        "attended_YDD": torch.zeros(layers, width, width),
        "wide_YDW": _uniform(layers, width, inner),
        "narrow_YWD": torch.zeros(layers, inner, width),
        "last_D": torch.ones(width),
        **{name: torch.ones(layers, width) for name in LAYER_GAINS},
    }
    if lessons.gap_N is not None:
        arrays["gap_GD"] = torch.zeros(GAPS, width)
    return {name: array.requires_grad_() for name, array in arrays.items()}


def _vectors(lessons: Lessons, left_N: Longs, width: int) -> NDArray[np.float32]:
    """Of all items, to start from; of many, those of the low-rank model, which take less time."""
    if lessons.n_items <= FULL_SOFTMAX_ITEMS_MAX:
        return spectral_vectors(lessons.item_N, left_N, lessons.n_items, width)
    found_MD, _ = vectors_of_followers(lessons.item_N, lessons.start_S, lessons.n_items, width, 0)
    return found_MD / np.float32(found_MD.std() * width**0.5)


def _continued(network: Transformer, place_M: Ints, lessons: Lessons) -> dict[str, Tensor]:
    """Weights of a trained network; an item that it does not know starts at zero, as likely as the least likely."""
    arrays = {item.name: np.array(getattr(network, item.name)) for item in fields(network)}
    known = place_M >= 0
    item_MD = np.zeros((len(place_M), arrays["item_MD"].shape[1]), np.float32)
    bias_M = np.full(len(place_M), arrays["bias_M"].min(initial=0.0), np.float32)
    item_MD[known], bias_M[known] = arrays["item_MD"][place_M[known]], arrays["bias_M"][place_M[known]]
    arrays |= {"item_MD": item_MD, "bias_M": bias_M}
    if lessons.gap_N is None:
        del arrays["gap_GD"]
    return {name: torch.from_numpy(array).requires_grad_() for name, array in arrays.items() if array.ndim}


def _uniform(*shape: int) -> Tensor:
    """Random weights of a matrix whose rows are inputs, as large as torch's own layers start."""
    found: Tensor = (torch.rand(*shape) * 2 - 1) / shape[-2] ** 0.5
    return found


def _rate(done: float, warm_up: float) -> float:
    """Up to the full rate in the warm-up, then down to zero in a straight line."""
    return min(1.0, (done + 1e-3) / max(1e-3, warm_up)) * (1 - done)

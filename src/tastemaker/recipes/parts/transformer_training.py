"""How the transformer of parts/transformer.py is trained. The only module that needs torch, the extra `deep`.

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
from tastemaker.recipes.parts.transformer import EPSILON, GAPS, Transformer, turns

LAYER_GAINS = ("before_attention_YD", "before_wide_YD")
FULL_SOFTMAX_ITEMS_MAX = 20_000  # beyond it the target and NEGATIVES items stand for the catalogue
NEGATIVES = 2048
ROWS_AT_ONCE = 192  # of the full softmax: as many logits as stay in the cache
RANDOM_BANK = (
    1 << 22
)  # numbers drawn once, of which every dropout mask is a slice: fresh ones cost more than using them
PATIENCE = 3  # epochs without a better validation loss

# Matrices are multiplied in short numbers where the processor does so several times as fast; sums, norms, attention and
# the optimiser keep theirs. The loss is the same to four digits (benchmarks/LOG.md).
PRODUCT_TYPE = torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16") else torch.float32

Weights = dict[str, Tensor]
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

    start: a network to go on from, and the place of each item in it, -1 for items that it does not know.

    tell: given the share of the work done, with the epoch, the loss and the validation loss; its False ends the
    training with the best so far, and what it raises passes. Same input and number of threads, same weights.
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
        self.noise = _Noise(plan.dropout)
        self.weights = _untrained(lessons, plan) if start is None else _continued(*start, lessons)
        self.average = {name: weight.detach().clone() for name, weight in self.weights.items()}
        count_M = np.bincount(lessons.item_N, minlength=lessons.n_items) + 1.0
        self.drawn_M = torch.from_numpy((count_M**0.75 / (count_M**0.75).sum()).astype(np.float32))
        half = plan.width // plan.heads // 2
        self.turn = tuple(map(torch.from_numpy, turns(plan.length, 2 * half)))

    def run(self, tell: Tell) -> Transformer:
        plan = self.plan
        steps_per_epoch = sum(1 for _ in self.batches(np.random.default_rng(0)))
        n_steps = plan.epochs * steps_per_epoch
        optimizer = torch.optim.AdamW(
            self.weights.values(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0, fused=True
        )
        best, best_loss, since_best, step = self.average, math.inf, 0, 0
        for epoch in range(plan.epochs):
            loss = 0.0
            for batch in self.batches(self.rng):
                for group in optimizer.param_groups:
                    group["lr"] = plan.rate * _rate(step / n_steps, plan.warm_up)
                loss += self.step(batch, optimizer, step)
                step += 1
                if not tell(step / n_steps, {"epoch": step / steps_per_epoch}):
                    return self.exported(best if best_loss < math.inf else self.average)
            if not math.isfinite(loss):
                raise ValueError("The training diverged. Give a smaller learning_rate.")
            exam_loss = self.examined()
            since_best += 1
            if exam_loss < best_loss or not len(self.exam.truth_S):
                best = {name: weight.clone() for name, weight in self.average.items()}
                best_loss, since_best = exam_loss, 0
            facts = {"epoch": epoch + 1, "loss": loss / steps_per_epoch, "validation_loss": exam_loss}
            if not tell(step / n_steps, facts) or since_best == PATIENCE:
                break
        return self.exported(best)

    def step(self, batch: "_Batch", optimizer: torch.optim.Optimizer, step: int) -> float:
        state_BLD = _forward(self.weights, batch.item_BL, batch.gap_BL, self.plan.heads, self.turn, self.noise)
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
            found: Tensor = _FullSoftmax.apply(  # type: ignore[no-untyped-call]
                state_ND, item_MD, bias_M, target_N, weight_N
            )
            return found
        return _sampled_softmax(state_ND, item_MD, bias_M, target_N, weight_N, self.drawn_M)

    def batches(self, rng: np.random.Generator) -> Iterator["_Batch"]:
        """Windows of similar length, at most `tokens` events in each batch, in random order."""
        windows = list(self.windows(rng))
        length_W = np.array([end - start for start, end in windows]) - 1
        groups: list[list[int]] = [[]]
        for place in np.argsort(length_W + rng.uniform(0, 4, len(length_W)), kind="stable").tolist():
            longest = max([length_W[place], *(length_W[other] for other in groups[-1][-1:])])
            if groups[-1] and (len(groups[-1]) + 1) * longest > self.plan.tokens:
                groups.append([])
            groups[-1].append(place)
        for number in rng.permutation(len(groups)) if groups[0] else ():
            yield self.batch([windows[place] for place in groups[number]])

    def windows(self, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
        """Start and end of stretches of at most `length` events and one more, which the next stretch starts with."""
        most = self.plan.length
        for start, end in zip(self.lessons.start_S[:-1].tolist(), self.lessons.start_S[1:].tolist(), strict=True):
            if end - start < 2:
                continue
            # The cut moves from epoch to epoch, so that every event gets its turn with a long history.
            first = start + int(rng.integers(most // 4, most + 1)) if end - start > most + 1 else end - 1
            cuts = [start, *range(first, end - 1, most), end - 1]
            yield from ((a, b + 1) for a, b in pairwise(cuts) if b > a)

    def batch(self, windows: Sequence[tuple[int, int]]) -> "_Batch":
        longest = max(end - start for start, end in windows) - 1
        lessons, shape = self.lessons, (len(windows), longest)
        item_BL, target_BL = np.zeros(shape, np.int64), np.full(shape, -1, np.int64)
        gap_BL = None if lessons.gap_N is None else np.zeros(shape, np.int64)
        weight_BL = None if lessons.weight_N is None else np.zeros(shape, np.float32)
        for row, (start, end) in enumerate(windows):
            seen, wanted = slice(start, end - 1), slice(start + 1, end)
            item_BL[row, : end - start - 1] = lessons.item_N[seen]
            target_BL[row, : end - start - 1] = lessons.item_N[wanted]
            if gap_BL is not None and lessons.gap_N is not None:
                gap_BL[row, : end - start - 1] = lessons.gap_N[seen]
            if weight_BL is not None and lessons.weight_N is not None:
                weight_BL[row, : end - start - 1] = lessons.weight_N[wanted]
        parts = (item_BL, target_BL, gap_BL, weight_BL)
        return _Batch(*(None if part is None else torch.from_numpy(part) for part in parts))  # type: ignore[arg-type]

    def examined(self) -> float:
        """Mean negative log likelihood of the exam's truths by the averaged weights; 0 without an exam."""
        losses = []
        with torch.inference_mode():
            for first in range(0, len(self.exam.truth_S), 64):
                part = range(first, min(first + 64, len(self.exam.truth_S)))
                histories = [self.exam.histories[place][-self.plan.length :] for place in part]
                longest = max(map(len, histories))
                item_BL, gap_BL = np.zeros((2, len(part), longest), np.int64)
                for row, (place, history_L) in enumerate(zip(part, histories, strict=True)):
                    item_BL[row, : len(history_L)] = history_L
                    gap_BL[row, : len(history_L)] = self.exam.gaps[place][-self.plan.length :]
                gaps = None if self.lessons.gap_N is None else torch.from_numpy(gap_BL)
                state_BLD = _forward(self.average, torch.from_numpy(item_BL), gaps, self.plan.heads, self.turn, None)
                end_B = torch.tensor([len(history_L) - 1 for history_L in histories])
                logit_BM = functional.linear(
                    state_BLD[torch.arange(len(part)), end_B], self.average["item_MD"], self.average["bias_M"]
                )
                truth_B = torch.from_numpy(self.exam.truth_S[first : first + 64].astype(np.int64))
                losses.append(functional.cross_entropy(logit_BM, truth_B, reduction="none"))
        return float(torch.cat(losses).mean()) if losses else 0.0

    def exported(self, weights: Weights) -> Transformer:
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


def _untrained(lessons: Lessons, plan: Plan) -> Weights:
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


def _continued(network: Transformer, place_M: Ints, lessons: Lessons) -> Weights:
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


def _forward(
    weights: Weights,
    item_BL: Tensor,
    gap_BL: Tensor | None,
    heads: int,
    turn: tuple[Tensor, ...],
    noise: "_Noise | None",
) -> Tensor:
    """The normalised states, shape (B, L, D); the same function as Transformer.state. noise: dropout, in training."""
    width, length = weights["item_MD"].shape[1], item_BL.shape[1]
    drop = noise or (lambda part: part)
    state_BLD = functional.embedding(item_BL, weights["item_MD"]) * width**0.5
    if gap_BL is not None:
        state_BLD = state_BLD + functional.embedding(gap_BL, weights["gap_GD"]) * width**0.5
    state_BLD = drop(state_BLD)
    turn = tuple(part_LC[:length] for part_LC in turn)
    for y in range(len(weights["before_attention_YD"])):
        mixed = _product(_normalised(state_BLD, weights["before_attention_YD"][y]), weights["query_key_value_YDE"][y])
        query, key, value = mixed.view(*item_BL.shape, 3, heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(_turned(query, turn), _turned(key, turn), value, is_causal=True)
        found = _product(found.transpose(1, 2).reshape(state_BLD.shape), weights["attended_YDD"][y])
        state_BLD = state_BLD + drop(found)
        wide = torch.relu(_product(_normalised(state_BLD, weights["before_wide_YD"][y]), weights["wide_YDW"][y]))
        state_BLD = state_BLD + drop(_product(wide.square(), weights["narrow_YWD"][y]))
    return _normalised(state_BLD, weights["last_D"])


def _product(state: Tensor, matrix: Tensor) -> Tensor:
    return (state.to(PRODUCT_TYPE) @ matrix.to(PRODUCT_TYPE)).float()


def _normalised(state: Tensor, gain_D: Tensor) -> Tensor:
    found: Tensor = functional.rms_norm(state, (state.shape[-1],), gain_D, EPSILON)
    return found


def _turned(part: Tensor, turn: tuple[Tensor, ...]) -> Tensor:
    first, second = part.chunk(2, -1)
    return torch.cat((first * turn[0] - second * turn[1], first * turn[1] + second * turn[0]), -1)


class _Noise:
    """Dropout whose masks are slices of numbers drawn once."""

    def __init__(self, share: float) -> None:
        self.bank = (torch.rand(RANDOM_BANK) >= share).float() / (1 - share)

    def __call__(self, part: Tensor) -> Tensor:
        n = part.numel()
        if n >= RANDOM_BANK:
            return part * self.bank.repeat(-(-n // RANDOM_BANK))[:n].view(part.shape)
        start = int(torch.randint(0, RANDOM_BANK - n, ()))
        return part * self.bank[start : start + n].view(part.shape)


class _FullSoftmax(torch.autograd.Function):
    """Weighted cross-entropy over the whole catalogue without keeping the logits.

    A few rows at a time stay in the cache from logits to gradients, with one exponential for each logit; the sums of
    the rows are one more column of the second product. Logits beyond 80 would overflow; normalised states and clipped
    gradients keep them far below, and a loss that is not finite is seen by the caller.
    """

    @staticmethod
    def forward(ctx: Any, *given: Tensor) -> Tensor:
        state_ND, item_MD, bias_M, target_N, weight_N = given
        with_ones = torch.cat([item_MD, torch.ones(len(item_MD), 1)], 1)
        item_DM = item_MD.t().contiguous()
        state_grad, item_grad = torch.empty_like(state_ND), torch.zeros_like(with_ones)
        logit_of_target = (state_ND * item_MD[target_N]).sum(1) + bias_M[target_N]
        loss = -(logit_of_target * weight_N).sum()
        kind = PRODUCT_TYPE
        short_DM, short_ones, short_M = item_DM.to(kind), with_ones.to(kind), bias_M.to(kind)
        held = torch.empty(ROWS_AT_ONCE, len(item_MD), dtype=kind)
        for first in range(0, len(state_ND), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            state, weight = state_ND[rows], weight_N[rows, None]
            power = torch.addmm(short_M, state.to(kind), short_DM, out=held[: len(state)]).exp_()
            found = (power @ short_ones).float()
            total = found[:, -1:]
            loss = loss + (total.log() * weight).sum()
            torch.mul(found[:, :-1], weight / total, out=state_grad[rows])
            scaled = torch.cat([state * (weight / total), weight / total], 1)
            item_grad += power.t() @ scaled.to(kind)
        state_grad -= item_MD[target_N] * weight_N[:, None]
        bias_grad = item_grad[:, -1] - torch.bincount(target_N, weight_N, minlength=len(item_MD))
        item_grad = item_grad[:, :-1].index_add(0, target_N, state_ND * -weight_N[:, None])
        ctx.save_for_backward(state_grad, item_grad, bias_grad)
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (scale,) = grads
        return (*(grad * scale for grad in ctx.saved_tensors), None, None)


def _sampled_softmax(
    state_ND: Tensor, item_MD: Tensor, bias_M: Tensor, target_N: Tensor, weight_N: Tensor, drawn_M: Tensor
) -> Tensor:
    """Softmax over the target and items drawn for the whole batch, corrected by how often each is drawn.

    Source: Bengio and Senécal, "Adaptive Importance Sampling", IEEE Transactions on Neural Networks 2008.
    """
    negative_J = torch.multinomial(drawn_M, NEGATIVES, replacement=True)
    log_expected_M = torch.log(drawn_M * NEGATIVES)
    own_N = (state_ND * item_MD[target_N]).sum(1) + bias_M[target_N] - log_expected_M[target_N]
    other_NJ = functional.linear(state_ND, item_MD[negative_J], (bias_M - log_expected_M)[negative_J])
    other_NJ = other_NJ.masked_fill(negative_J == target_N[:, None], -math.inf)
    total_N = torch.logsumexp(torch.cat([own_N[:, None], other_NJ], 1), 1)
    return ((total_N - own_N) * weight_N).sum()


def _rate(done: float, warm_up: float) -> float:
    """Up to the full rate in the warm-up, then down to zero in a straight line."""
    return min(1.0, (done + 1e-3) / max(1e-3, warm_up)) * (1 - done)

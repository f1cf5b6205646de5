"""The transformer of parts/transformer.py as torch computes it in training, and the losses that it learns from.

Dimensions: B windows, L events of each, N asked events, M items, D width, R rows at once, J items drawn.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

from tastemaker.recipes.parts.transformer import EPSILON

NEGATIVES = 2048
ROWS_AT_ONCE = 192  # of the full softmax: as many logits as stay in the cache
# Numbers drawn once, of which every dropout mask is a slice: fresh ones cost more than using them.
RANDOM_BANK = 1 << 22

# Matrices are multiplied in short numbers where the processor does so several times as fast; sums, norms, attention and
# the optimiser keep theirs. The loss is the same to four digits (benchmarks/LOG.md).
PRODUCT_TYPE = torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16") else torch.float32

Weights = Mapping[str, Tensor]


def forward(
    weights: Weights,
    item_BL: Tensor,
    gap_BL: Tensor | None,
    heads: int,
    turn: tuple[Tensor, ...],
    noise: "Noise | None",
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


class Noise:
    """Dropout whose masks are slices of numbers drawn once."""

    def __init__(self, share: float) -> None:
        self.bank = (torch.rand(RANDOM_BANK) >= share).float() / (1 - share)

    def __call__(self, part: Tensor) -> Tensor:
        n = part.numel()
        if n >= RANDOM_BANK:
            return part * self.bank.repeat(-(-n // RANDOM_BANK))[:n].view(part.shape)
        start = int(torch.randint(0, RANDOM_BANK - n, ()))
        return part * self.bank[start : start + n].view(part.shape)


class FullSoftmax(torch.autograd.Function):
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


def sampled_softmax(
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


def _product(state: Tensor, matrix: Tensor) -> Tensor:
    return (state.to(PRODUCT_TYPE) @ matrix.to(PRODUCT_TYPE)).float()


def _normalised(state: Tensor, gain_D: Tensor) -> Tensor:
    found: Tensor = functional.rms_norm(state, (state.shape[-1],), gain_D, EPSILON)
    return found


def _turned(part: Tensor, turn: tuple[Tensor, ...]) -> Tensor:
    first, second = part.chunk(2, -1)
    return torch.cat((first * turn[0] - second * turn[1], first * turn[1] + second * turn[0]), -1)

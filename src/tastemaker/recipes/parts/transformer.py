"""A causal transformer over histories, as arrays: what it answers with. It is trained in parts/transformer_training.py.

Each event is the vector of its item and of the time since the event before; the layers mix what came before it; the
logit of an item is the product of its vector with the state after the newest event, plus the item's bias. Vectors of
items are the same on both sides, so that an untrained network, whose layers add nothing, finds neighbours of the last
item. Rotary positions: Su et al., "RoFormer", 2021; squared ReLU: So et al., "Primer", NeurIPS 2021; layers normalised
before they mix: Zhang and Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019.

Dimensions: M modelled items, D width, E three times the width (query, key, value), W inner width, Y layers, H heads,
L events, G classes of time gaps.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tastemaker.data.interactions import Floats, Ints, Longs

EPSILON = 1e-6  # in the root of the mean square
FIRST = 30  # class of an event without one before it; below it, the logarithm to base 2 of the seconds and one
GAPS = FIRST + 1
TURN_SLOWEST = 1e-3  # radians by place of the slowest pair of a head

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Transformer:
    """item_MD, bias_M: of items. gap_GD: of times between events; no rows if times are not looked at.

    Of each layer: gain of the norms before attention and before the wide layer, and the four matrices. last_D: gain of
    the norm after all layers. length: events that are looked back on.
    """

    item_MD: Array
    bias_M: Array
    gap_GD: Array
    before_attention_YD: Array
    query_key_value_YDE: Array
    attended_YDD: Array
    before_wide_YD: Array
    wide_YDW: Array
    narrow_YWD: Array
    last_D: Array
    heads: int
    length: int

    def logits(self, place_L: Ints, time_s_L: Longs | None = None) -> Floats:
        """Shape (M,), after at least one event; time_s_L: when each happened, if known. O(length**2 D + M D)."""
        return np.asarray(self.item_MD @ self.state(place_L, time_s_L) + self.bias_M)

    def state(self, place_L: Ints, time_s_L: Longs | None = None) -> Array:
        """The normalised state after the newest event, shape (D,)."""
        gap_L = gaps(time_s_L, len(place_L))[-self.length :]
        place_L = place_L[-self.length :]
        width = self.item_MD.shape[1]
        state_LD: Array = np.asarray(self.item_MD)[place_L] * np.float32(width**0.5)
        if len(self.gap_GD):
            state_LD += np.asarray(self.gap_GD)[gap_L] * np.float32(width**0.5)
        turn = turns(len(place_L), width // self.heads)
        for layer in range(len(self.before_attention_YD)):
            state_LD = self._layer(layer, state_LD, turn)
        return _normalised(state_LD[-1], self.last_D)

    def of_items(self, kept_m: Ints) -> "Transformer":
        """The same for some of the modelled items only."""
        return replace(self, item_MD=np.asarray(self.item_MD)[kept_m], bias_M=np.asarray(self.bias_M)[kept_m])

    def _layer(self, y: int, state_LD: Array, turn: tuple[Array, Array]) -> Array:
        """What a layer makes of the states; the top one is computed for the newest event alone."""
        is_top = y == len(self.before_attention_YD) - 1
        width = state_LD.shape[1]
        mixed_LE = _normalised(state_LD, self.before_attention_YD[y]) @ self.query_key_value_YDE[y]
        wanted_LD = mixed_LE[-1:, :width] if is_top else mixed_LE[:, :width]
        query_HLC, key_HLC, value_HLC = (
            part.reshape(len(part), self.heads, -1).transpose(1, 0, 2)
            for part in (wanted_LD, mixed_LE[:, width : 2 * width], mixed_LE[:, 2 * width :])
        )
        cos_LC, sin_LC = turn
        n_wanted = len(wanted_LD)
        query_HLC = _turned(query_HLC, cos_LC[-n_wanted:], sin_LC[-n_wanted:])
        match_HLL = query_HLC @ _turned(key_HLC, cos_LC, sin_LC).transpose(0, 2, 1)
        match_HLL /= np.float32(query_HLC.shape[2] ** 0.5)
        if n_wanted > 1:
            match_HLL[:, ~np.tri(n_wanted, dtype=np.bool_)] = -np.inf
        np.exp(match_HLL - match_HLL.max(axis=2, keepdims=True), out=match_HLL)
        match_HLL /= match_HLL.sum(axis=2, keepdims=True)
        found_LD = (match_HLL @ value_HLC).transpose(1, 0, 2).reshape(n_wanted, width)
        state_LD = state_LD[-n_wanted:] + found_LD @ self.attended_YDD[y]
        wide_LW = np.maximum(_normalised(state_LD, self.before_wide_YD[y]) @ self.wide_YDW[y], 0)
        return np.asarray(state_LD + np.square(wide_LW) @ self.narrow_YWD[y])


def gaps(time_s_L: Longs | None, n_events: int) -> Ints:
    """The class of the time before each event of one user, shape (L,); where no times are known, all came at once."""
    gap_L = np.zeros(n_events, np.int32)
    if time_s_L is not None:
        since_L = np.maximum(np.diff(time_s_L), 0)
        gap_L[1:] = np.minimum(np.log2(since_L + 1), FIRST - 1)
    gap_L[:1] = FIRST
    return gap_L


def turns(n_places: int, head_width: int) -> tuple[Array, Array]:
    """Cosine and sine of the rotary positions, shape (L, head_width / 2)."""
    half = head_width // 2
    speed_C = TURN_SLOWEST ** (np.arange(half) / half)
    angle_LC = np.outer(np.arange(n_places), speed_C)
    return np.cos(angle_LC).astype(np.float32), np.sin(angle_LC).astype(np.float32)


def _turned(part_HLC: Array, cos_LC: Array, sin_LC: Array) -> Array:
    first, second = np.split(part_HLC, 2, axis=-1)
    return np.concatenate([first * cos_LC - second * sin_LC, first * sin_LC + second * cos_LC], axis=-1)


def _normalised(state: Array, gain_D: Array) -> Array:
    return np.asarray(state / np.sqrt(np.square(state).mean(axis=-1, keepdims=True) + EPSILON) * gain_D)

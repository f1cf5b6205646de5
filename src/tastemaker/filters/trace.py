"""What each clause of a filter does to one list: the mask of `mask.py`, looked at from within."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tastemaker.data.interactions import Bools, Ints
from tastemaker.filters.mask import Candidates, Evaluated, evaluated, let_through
from tastemaker.filters.text import text_of_condition, text_of_expression
from tastemaker.filters.tree import Filter


@dataclass(frozen=True)
class ClauseTrace:
    """One condition. n_matched: candidates for which it holds. removed_K: the items of the list that it removes.

    In EXCLUDE that is what it matches together with those it is joined to by AND; in INCLUDE what no INCLUDE
    selects, and this condition does not match either.
    """

    text: str
    n_matched: int
    removed_K: Ints


@dataclass(frozen=True)
class ExpressionTrace:
    """One expression; the same of all its conditions together. skipped: why it does not count, "" if it does."""

    text: str
    skipped: str
    n_matched: int
    removed_K: Ints
    clauses: tuple[ClauseTrace, ...]


@dataclass(frozen=True)
class Trace:
    """A whole filter. allowed_I: what it lets through. n_left: how many of the candidates that are."""

    allowed_I: Bools
    n_left: int
    expressions: tuple[ExpressionTrace, ...]


def trace(
    tree: Filter, candidates: Candidates, values: Mapping[str, str], list_K: Ints, among_I: Bools | None = None
) -> Trace:
    """How the filter comes to its mask. list_K: the list without it. among_I: which candidates count; None for all.

    Raises FilterError as `allowed`.
    """
    found = evaluated(tree, candidates, values)
    among_I = np.ones(candidates.n_items, np.bool_) if among_I is None else among_I
    includes = [each.selected_I for each in found if each.expression.action == "INCLUDE" and not each.skipped]
    left_out_I = ~np.logical_or.reduce(includes) if includes else np.zeros(candidates.n_items, np.bool_)
    allowed_I = let_through(found, candidates.n_items)
    return Trace(
        allowed_I,
        int(np.count_nonzero(allowed_I & among_I)),
        tuple(_of_expression(each, left_out_I, list_K, among_I) for each in found),
    )


def _of_expression(found: Evaluated, left_out_I: Bools, list_K: Ints, among_I: Bools) -> ExpressionTrace:
    text = text_of_expression(found.expression)
    if found.skipped:
        return ExpressionTrace(text, found.skipped, 0, list_K[:0], ())
    removes = found.expression.action == "EXCLUDE"
    clauses = []
    for group, holds in zip(found.expression.any_of, found.groups, strict=True):
        together_I = np.logical_and.reduce(holds)
        for condition, holds_I in zip(group, holds, strict=True):
            removed_I = together_I if removes else left_out_I & ~holds_I
            n_matched = int(np.count_nonzero(holds_I & among_I))
            clauses.append(ClauseTrace(text_of_condition(condition), n_matched, list_K[removed_I[list_K]]))
    removed_I = found.selected_I if removes else left_out_I
    n_matched = int(np.count_nonzero(found.selected_I & among_I))
    return ExpressionTrace(text, "", n_matched, list_K[removed_I[list_K]], tuple(clauses))

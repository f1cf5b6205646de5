"""The filter language: what may be recommended, said by the client in a line of text.

parse, then check at CreateFilter; allowed at every request; trace says how that came to be.
"""

from tastemaker.filters.check import check
from tastemaker.filters.columns import Ids, ItemColumn, Numbers, Texts, Truths, columns_of, texts_of
from tastemaker.filters.grammar import parse
from tastemaker.filters.mask import Candidates, Touched, allowed
from tastemaker.filters.text import text_of
from tastemaker.filters.trace import Trace, trace
from tastemaker.filters.tree import Filter, FilterError
from tastemaker.filters.values import parameters

__all__ = [
    "Candidates",
    "Filter",
    "FilterError",
    "Ids",
    "ItemColumn",
    "Numbers",
    "Texts",
    "Touched",
    "Trace",
    "Truths",
    "allowed",
    "check",
    "columns_of",
    "parameters",
    "parse",
    "text_of",
    "texts_of",
    "trace",
]

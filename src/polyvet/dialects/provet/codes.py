# SPDX-License-Identifier: Apache-2.0
"""Fields that are numbers on the wire and words in the record: a comparison with numbers becomes the list of the words
whose numbers hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from polyvet.dialects.provet.filters import Asked
from polyvet.model.filters import All, AnyOf, Condition, Filter, Op

# By the record's path, the number of each word.
Codes = Mapping[str, Mapping[str, int]]
_HOLDS: dict[Op, Callable[[int, tuple[Any, ...]], bool]] = {
    Op.IN: lambda code, given: code in given,
    Op.NOT_IN: lambda code, given: code not in given,
    Op.RANGE: lambda code, given: given[0] <= code <= given[1],
    Op.NOT_IN_RANGE: lambda code, given: not given[0] <= code <= given[1],
    Op.IS_NULL: lambda _, given: not given[0],
}
_COMPARED = {
    Op.IS: operator.eq,
    Op.IS_NOT: operator.ne,
    Op.LT: operator.lt,
    Op.LTE: operator.le,
    Op.GT: operator.gt,
    Op.GTE: operator.ge,
}


def in_words(asked: Asked, codes: Codes) -> Asked:
    """What was asked for, in the record's words. An order by such a field is left out: words have another order."""
    tree = None if asked.tree is None else _tree(asked.tree, codes)
    orders = tuple(order for order in asked.orders if order.path not in codes)
    return msgspec.structs.replace(asked, tree=tree, orders=orders)


def _tree(tree: Filter, codes: Codes) -> Filter:
    if isinstance(tree, All):
        return All(tuple(_tree(part, codes) for part in tree.parts))
    if isinstance(tree, AnyOf):
        return AnyOf(tuple(_tree(part, codes) for part in tree.parts))
    if not isinstance(tree, Condition) or tree.path not in codes:  # this grammar has no other parts
        return tree
    words = tuple(word for word, code in codes[tree.path].items() if _holds(tree, code))
    return Condition(tree.path, Op.IN, words)


def _holds(one: Condition, code: int) -> bool:
    if one.op in _COMPARED:
        return bool(_COMPARED[one.op](code, one.values[0]))
    return _HOLDS[one.op](code, one.values)

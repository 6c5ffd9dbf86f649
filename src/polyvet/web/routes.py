# SPDX-License-Identifier: Apache-2.0
"""Route tables. One row says what is served, to whom, and what its OpenAPI description is; rows may also name what the
vendor documents and is not served here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from polyvet.model.errors import NoSuchRoute, WrongMethod
from polyvet.web.message import Reply, Request

Handler = Callable[[Request], Awaitable[Reply]]


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A query parameter, for the description; `schema` is JSON Schema."""

    name: str
    schema: dict[str, Any]
    description: str
    origin: str  # seed, docs or inferred


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `path` starts below the dialect's root; `{name}` stands for one segment."""

    method: str
    path: str
    handler: Handler
    permission: str | None  # None: any key of the clinic
    summary: str
    operation: str
    origin: str
    answer: Any  # the wire type of a success, as it stands on the wire
    parameters: tuple[Parameter, ...] = ()
    body: Any = None  # a wire type, or a JSON Schema where none can say what is read; None: no body
    status: int = 200
    also: tuple[tuple[int, Any], ...] = ()  # further statuses with their wire types; one more than once: any of them
    texts: tuple[str, ...] = ()  # media types that a success is served as beside JSON, by Accept
    alias_of: str | None = None  # the main path; aliases are served, not described


def getting(
    path: str,
    summary: str,
    operation: str,
    origin: str,
    permission: str,
    handler: Handler,
    answer: Any,
    query: tuple[Parameter, ...] = (),
) -> Route:
    """A row for GET; the words stand in the order in which a table is read."""
    return Route(
        method="GET",
        path=path,
        handler=handler,
        permission=permission,
        summary=summary,
        operation=operation,
        origin=origin,
        answer=answer,
        parameters=query,
    )


class _Node:
    """One segment of the paths that are served."""

    __slots__ = ("children", "parameter", "routes")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: tuple[str, _Node] | None = None
        self.routes: dict[str, Route] = {}


class RouteTable:
    """Finds a path's route."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            self._add(route)

    def first_segments(self) -> frozenset[str]:
        """What the paths start with: a request for one of these is this dialect's to answer."""
        return frozenset(self._root.children)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path below the dialect's root. NoSuchRoute, or WrongMethod with what is allowed."""
        node = self._root
        parameters: dict[str, str] = {}
        for segment in path.split("/"):
            child = node.children.get(segment)
            if child is None:
                if node.parameter is None or not segment:
                    raise NoSuchRoute
                name, child = node.parameter
                parameters[name] = segment
            node = child
        if not node.routes:
            raise NoSuchRoute
        route = node.routes.get(method) or (node.routes.get("GET") if method == "HEAD" else None)
        if route is None:
            raise WrongMethod(tuple(sorted({*node.routes, "HEAD"} if "GET" in node.routes else node.routes)))
        return route, parameters

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.split("/"):
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = (segment[1:-1], _Node())
                node = node.parameter[1]
            else:
                node = node.children.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"{route.method} {route.path} stands twice in the route table")
        node.routes[route.method] = route

"""A layered layout: each node right of what it reads, neighbours near each other. Places only, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

_SWEEPS = 4


def layers_of(nodes: Sequence[str], edges: Collection[tuple[str, str]]) -> list[list[str]]:
    """The nodes in layers from left to right; an edge that would close a circle is left out of the reckoning."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in sorted(edges):
        after[source].append(target)
        before[target].append(source)
    depth = _depths(nodes, after)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in nodes:
        layers[depth[node]].append(node)
    for sweep in range(_SWEEPS):
        _settle(layers, before if sweep % 2 == 0 else after, backwards=sweep % 2 == 1)
    return layers


def _depths(nodes: Sequence[str], after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The longest way to each node from where nothing leads, without recursion: definitions may be deep."""
    order: list[str] = []
    done: set[str] = set()
    open_: set[str] = set()
    forward: dict[str, list[str]] = {node: [] for node in nodes}
    for root in nodes:
        waiting = [(root, iter(after[root]))] if root not in done else []
        open_.update(node for node, _ in waiting)
        done.update(node for node, _ in waiting)
        while waiting:
            node, rest = waiting[-1]
            target = next(rest, None)
            if target is None:
                waiting.pop()
                open_.discard(node)
                order.append(node)
                continue
            if target in open_:
                continue  # closes a circle
            forward[node].append(target)
            if target not in done:
                done.add(target)
                open_.add(target)
                waiting.append((target, iter(after[target])))
    depth = dict.fromkeys(nodes, 0)
    for node in reversed(order):
        for target in forward[node]:
            depth[target] = max(depth[target], depth[node] + 1)
    return depth


def _settle(layers: list[list[str]], beside: Mapping[str, Sequence[str]], *, backwards: bool) -> None:
    """Put the nodes of each layer in order of the middle of what they are joined to."""
    for layer in reversed(layers) if backwards else layers:
        place = {node: number / max(len(each), 1) for each in layers for number, node in enumerate(each)}
        middle = {
            node: sum(place[other] for other in beside[node]) / len(beside[node]) if beside[node] else place[node]
            for node in layer
        }
        layer.sort(key=lambda node: middle[node])

"""Effective rows by brute force, second by second: slow, short and obviously right."""

from collections.abc import Collection, Iterable

Interval = tuple[int, int, int]  # start, seconds, batch


def once(intervals: Iterable[Interval], estimates: Collection[Interval] = ()) -> list[Interval]:
    """The intervals of one (meter, channel) that stand, in order of start."""
    standing: list[Interval] = []
    intervals = list(intervals)
    for length in sorted({seconds for _, seconds, _ in intervals}):
        level: list[Interval] = []
        for one in sorted((i for i in intervals if i[1] == length), key=lambda i: (-i[2], i[0])):
            if not any(span(one) & span(other) for other in level):
                level.append(one)
        longer: list[Interval] = []
        while True:
            filled = set().union(*map(span, standing))
            measured = set().union(*map(span, (i for i in standing if i not in estimates)))
            yields = [
                i
                for i in level
                if span(i) <= filled and (i in estimates or 2 * len(span(i) & measured) >= i[1])
            ]
            new = [i for i in level if i not in longer and i not in yields]
            if not new:
                break
            longer += new
            standing = [i for i in standing if not any(span(i) & span(other) for other in longer)]
        standing += longer
    return sorted(standing)


def span(interval: Interval) -> set[int]:
    return set(range(interval[0], interval[0] + interval[1]))


def registers(readings: list[tuple[int, float]], devices: list[dict]) -> list[tuple[int, int, float]]:
    """(start, end, used) of one pair: stated ends replace readings; a step back without digits is a gap.

    Devices are dicts of from, to, initial, final, in order and apart.
    """
    holes: dict[object, list[tuple[int, float]]] = {}
    for time, value in readings:
        owner: object = "before"
        for k, device in enumerate(devices):
            if device["from"] <= time:
                owner = (k, "in") if time < device["to"] else (k, "after")
        holes.setdefault(owner, []).append((time, value))
    for k, device in enumerate(devices):
        points = dict(holes.get((k, "in"), []))
        if device["initial"] is not None:
            points[device["from"]] = device["initial"]
        if device["final"] is not None:
            points[device["to"]] = device["final"]
        holes[k, "in"] = sorted(points.items())
    return sorted(
        (a, b, y - x)
        for points in holes.values()
        for (a, x), (b, y) in zip(sorted(points), sorted(points)[1:], strict=False)
        if y >= x
    )

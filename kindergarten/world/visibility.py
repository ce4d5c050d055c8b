"""Who is seen: what the observation, the viewer and the reader of a replay go by. Set before anything is observed."""

from __future__ import annotations

from kindergarten.world.codes import Kind
from kindergarten.world.jit import njit

NOBODY, TRUCK = int(Kind.NOBODY), int(Kind.TRUCK)


@njit
def crosses(box, x0, y0, x1, y1):
    """Whether the line from (x0, y0) to (x1, y1) passes through ``box`` (x0, y0, x1, y1): the slab method."""
    dx, dy, begin, end = x1 - x0, y1 - y0, 0.0, 1.0
    for low, high, at, way in ((box[0], box[2], x0, dx), (box[1], box[3], y0, dy)):
        if way == 0.0:
            if not low < at < high:
                return False
        else:
            a, b = (low - at) / way, (high - at) / way
            begin, end = max(begin, min(a, b)), min(end, max(a, b))
    return begin < end


@njit
def hides(truck, ego, x, y):
    """Whether ``truck`` stands between the ego and (x, y): asked in its own frame."""
    cos, sin = truck["cos"], truck["sin"]
    ex, ey, dx, dy = ego["x"] - truck["x"], ego["y"] - truck["y"], x - truck["x"], y - truck["y"]
    half, wide = 0.5 * truck["length"], 0.5 * truck["width"]
    return crosses(
        (-half, -wide, half, wide), ex * cos + ey * sin, ey * cos - ex * sin, dx * cos + dy * sin, dy * cos - dx * sin
    )


@njit
def look(users, me, fog, sight):
    """Mark whom ``users[me]`` sees: present, within ``sight`` metres of it, and not in the fog."""
    ego = users[me]
    for i in range(len(users)):
        if i == me:
            continue
        user = users[i]
        x, y = user["x"], user["y"]
        dx, dy = x - ego["x"], y - ego["y"]
        hidden = fog[0] < x < fog[2] and fog[1] < y < fog[3]
        user["seen"] = user["kind"] != NOBODY and dx * dx + dy * dy <= sight * sight and not hidden


@njit
def occlude(users, me, buildings):
    """Take from the sight of ``users[me]`` whoever is behind a building or a truck."""
    ego = users[me]
    for i in range(len(users)):
        if i == me:
            continue
        user = users[i]
        for k in range(len(buildings)):
            if crosses(buildings[k], ego["x"], ego["y"], user["x"], user["y"]):
                user["seen"] = 0
        for j in range(len(users)):
            if j != i and j != me and users[j]["kind"] == TRUCK and hides(users[j], ego, user["x"], user["y"]):
                user["seen"] = 0

"""Road users more, whose intents never matter: for the exam, and for trainings among whoever is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kindergarten.world.codes import Intent
from kindergarten.world.config import Cast, Member, Scenario
from kindergarten.world.road import route_numbers

GAP = 25.0  # [m] from one of them to the next. Those behind the ego follow it, and are never in its way
LATE = 2.0  # [s] after the time limit at which whoever comes from afar gets to the junction at the earliest


def crowded(
    scenario: Scenario,
    behind: Sequence[float] = (),
    afar: Sequence[float] = (),
    signals: bool = True,
    riding: Sequence[float] = (),
) -> Scenario:
    """``scenario`` with road users more, whose intents never matter.

    Args:
        behind: how likely each of those is there that follow the ego, one behind the other.
        afar: likewise of those that come from where others do, by turns, as fast and at the same time, but from so
            far that they do not get to the junction in time.
        signals: whether those from afar go any way that there is, and signal; else straight on alone.
        riding: how likely each of those is there that make the group ride longer, at its end; where there is one. They
            are the only ones that can be in the ego's way.
    """
    ways = route_numbers(scenario.road)

    def likely(arm: str) -> tuple[tuple[Intent, float], ...]:
        possible = [way for way in (Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT) if (arm, way) in ways]
        return tuple((way, 1.0 / len(possible)) for way in possible)

    def more(cast: Cast, time_limit: float) -> Iterator[Member]:
        ego, first_from = cast[0], dict[str, Member]()
        for member in cast[1:]:
            first_from.setdefault(member.arm, member)
        follower = Member(ego.arm, likely(ego.arm), ego.speed, ego.arrival_offset)
        for k, presence in enumerate(behind):
            yield replace(follower, arrival_position=ego.arrival_position - GAP * (k + 1), presence=presence)
        for k, presence in enumerate(afar):
            like = list(first_from.values())[k % len(first_from)]
            intents = likely(like.arm) if signals else ((Intent.STRAIGHT, 1.0),)
            late = -like.speed[1] * (time_limit + LATE) - GAP * (k // len(first_from))
            yield Member(like.arm, intents, like.speed, (-1.0, 1.0), late, signals=signals, presence=presence)
        group = group_ride(cast)
        for k, presence in enumerate(riding if group else ()):
            before, last = (member.arrival_offset[0] for member in group[-2:])
            offset = last + (last - before) * (k + 1)
            yield replace(group[-1], arrival_offset=(offset, offset), convoy=False, presence=presence)

    def joined(cast: Cast, time_limit: float) -> Cast:
        first = sum(member.leg == 0 for member in cast)  # on a road of several legs they stand with those of the first
        return (*cast[:first], *more(cast[:first], time_limit), *cast[first:])

    casts = zip(scenario.casts, scenario.tasks, strict=True)
    return replace(scenario, casts=tuple(joined(cast, task.time_limit) for cast, task in casts))


def group_ride(cast: Cast) -> list[Member]:
    """Those who ride in a group behind its first rider, on the first leg, and close up: two, or it is none."""
    riders = [member for member in cast[1:] if member.leg == 0 and member.desired_speed_factor > 1.0]
    return riders if len(riders) > 1 else []


def among(scenario: Scenario, most: int) -> Scenario:
    """``scenario`` among up to ``most`` road users more, each of which is there by half: as trainings have it."""
    afar, riding = most // 2, most // 4 if all(map(group_ride, scenario.casts)) else 0
    return crowded(scenario, (0.5,) * (most - afar - riding), (0.5,) * afar, riding=(0.5,) * riding)

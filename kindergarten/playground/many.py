"""The kernels of worlds with several agents: the physics of one ego, for each of them.

All move, then all collide: nothing depends on the order of rows. An agent whose episode has ended is gone from the next
frame on. In an endless world somebody else comes into its seat as soon as there is room where its arm begins.
"""

from __future__ import annotations

import numpy as np

from kindergarten.playground.drivers import BROKEN, CYCLIST, GUIDED, NONE, SOUND, TOLD, cancel, lit, press, truth
from kindergarten.playground.sight import NUM_OWN, write_own
from kindergarten.world.codes import End, Kind
from kindergarten.world.dynamics import choose, move_ego
from kindergarten.world.jit import njit
from kindergarten.world.observation import NUM_EGO, NUM_USER, observe_user, write_ego
from kindergarten.world.params import NEVER
from kindergarten.world.reward import add_end_terms, add_step_terms
from kindergarten.world.rng import mix, uniform
from kindergarten.world.road import locate
from kindergarten.world.scene import apply_intent, draw_cast, draw_user, next_leg, place, sample_world
from kindergarten.world.signals import draw_cue, phase, shown
from kindergarten.world.step import contacts, end_of
from kindergarten.world.traffic import advance, drive
from kindergarten.world.visibility import look, occlude

NOBODY, RUNNING, TIME_LIMIT = int(Kind.NOBODY), int(End.RUNNING), int(End.TIME_LIMIT)
ONE_HAND = 0.5  # of its brakes are left to a cyclist while an arm is out
ROOM = 14.0  # [m] to whoever is nearest, for somebody to come into an endless world
SEATS_STREAM = np.uint64(0x5EA7)  # sets the stream that seats are drawn from apart from the scene's


@njit
def acts(driver):
    """Whether an agent drives on in this seat."""
    return driver["present"] == 1 and driver["end"] == RUNNING


@njit
def sit(world, user, driver, rules, human):
    """Hand ``user`` to an agent, or to a scripted human, who signals from its t1 to its t2 what it will do."""
    luck = uniform(world)
    driver["works"] = BROKEN if luck < rules["defects"] else GUIDED if luck >= 1.0 - rules["honest"] else SOUND
    driver["present"], driver["end"], driver["hands_on"] = 0 if human else 1, RUNNING, 0
    driver["tick"], driver["born"], driver["lamp_since"] = world["tick"], world["tick"], world["tick"]
    driver["target_speed"], driver["target_offset"], driver["way"] = user["desired_speed"], 0.0, 0.0
    driver["lamp"], driver["social"] = NONE, rules["social"]
    user["cue_signal"], user["truthful"] = truth(user) if human else NONE, 1 if human else 0
    user["reveal"] = 0 if user["choices"] < 2 else user["t3"] if human else NEVER


@njit
def seat(world, users, drivers, rules):
    """Draw who sits where: in one seat an agent, in the others by chance scripted humans; and broken lamps.

    Humans have the scene's t1 and t2. Their member numbers are moved above the agents', by the number of road users.
    """
    kept, world["rng"] = world["rng"], mix(world["rng"] ^ SEATS_STREAM)
    agents = len(drivers)
    spared = int(uniform(world) * agents)
    for a in range(agents):
        driver, user = drivers[a], users[a]
        human = uniform(world) < rules["humans"] and a != spared
        if human:
            user["member"] += len(users)
            user["t1"], user["t2"] = users[1]["t1"], users[1]["t2"]
        driver["time_limit"] = world["time_limit"]
        sit(world, user, driver, rules, human)
    world["rng"] = kept


@njit
def renew(world, users, drivers, road, cast, params, rules):
    """Bring somebody into each seat that was empty in this decision, with a goal of its own, if there is room."""
    for a in range(len(drivers)):
        user, driver, now = users[a], drivers[a], world["tick"]
        if user["kind"] != NOBODY or driver["present"] == 1:
            continue
        human = user["member"] >= len(users)
        draw_user(world, user, cast[a], users[max(a - 1, 0)])
        apply_intent(world, user, cast[a], params)
        user["t1"] = now
        user["t2"] = user["t3"] = now + round(draw_cue(world, cast[a]["cue"][0], cast[a]["cue"][1]) / params["dt"])
        user["go"] = 0
        place(user, road.points, cast[a]["arrival_position"], user["t3"], now, params["dt"])
        for i in range(len(users)):
            dx, dy = users[i]["x"] - user["x"], users[i]["y"] - user["y"]
            if i != a and users[i]["kind"] != NOBODY and dx * dx + dy * dy < ROOM * ROOM:
                user["kind"] = NOBODY
        if user["kind"] != NOBODY:
            driver["time_limit"] = user["t3"] + round(params["time_limit"] / params["dt"])
            sit(world, user, driver, rules, human)


@njit
def give_goals(users, cast, goals):
    """Put the ``goals`` (A,) Intent in place of those that were drawn; -1 keeps one. Nothing else has come of them."""
    for a in range(len(goals)):
        if goals[a] >= 0 and cast[a]["routes"][goals[a]] >= 0:
            users[a]["intent"], users[a]["route"] = goals[a], cast[a]["routes"][goals[a]]


@njit
def move_all(world, users, drivers, road, params, rules):
    """One physics step of everybody: who is scripted decides by what was, then all move.

    A cyclist with an arm out brakes with one hand; not where everybody is told, and nobody need signal.
    """
    agents = len(drivers)
    drive(users, agents, road.pairs, road.fork, road.entry, world["tick"])
    for a in range(agents):
        if acts(drivers[a]):
            driver, user, nothing = drivers[a], users[a], (0.0, 0.0)
            asked, before = driver["target_speed"], user["steering"]
            if user["kind"] == CYCLIST and user["signal"] != NONE and rules["signals"] != TOLD:
                driver["target_speed"] = max(asked, user["speed"] - ONE_HAND * params["braking"] * params["dt"])
            driver["way"] = move_ego(driver, user, nothing, True, road.points, road.entry, params)
            driver["target_speed"] = asked
            cancel(driver, user, before)
    advance(users, agents, road.points, road.length, road.entry, world["tick"], params["dt"])
    world["tick"] += 1


@njit
def collide_all(world, users, drivers, road, params, terms):
    """See who touches whom, reward, end; then take away whose episode has ended, and reveal who has begun to turn."""
    agents = len(drivers)
    for a in range(agents):
        if acts(drivers[a]):
            driver, user = drivers[a], users[a]
            driver["tick"] = world["tick"]
            touched, close = contacts(users, a)
            add_step_terms(terms[a], user, True, driver["way"], close, params["dt"])
            driver["end"] = end_of(world, users, a, touched, driver["time_limit"], params)
            if driver["end"] != RUNNING:
                add_end_terms(terms[a], driver["end"])
            if user["s"] >= road.fork[user["route"]]:  # its way differs from here on: until now it was its secret
                user["reveal"] = min(user["reveal"], world["tick"])
    for a in range(agents):
        if drivers[a]["present"] == 1 and drivers[a]["end"] != RUNNING:
            users[a]["kind"] = NOBODY


@njit
def go_on(world, users, driver, road, casts, params):
    """Go on to the next junction, as the only agent of a road of several."""
    next_leg(world, users, road, casts, params)
    driver["target_speed"], driver["target_offset"] = world["target_speed"], world["target_offset"]
    driver["time_limit"] = world["time_limit"]


@njit
def step_world_many(world, users, drivers, road, params, casts, rules, deeds, terms):
    """One decision of one world: ask, press, [drive, move all, advance, collide all, reward, end] x substeps.

    Args:
        deeds: (A,) Deed; those of seats in which no agent drives on are not read.
        terms: (A, NUM_TERMS), added to.
    """
    for a in range(len(drivers)):
        if acts(drivers[a]):
            choose(drivers[a], users[a], press(drivers[a], deeds[a]), road.entry, params)
        else:
            drivers[a]["present"] = 0
    for _ in range(params["substeps"]):
        move_all(world, users, drivers, road, params, rules)
        collide_all(world, users, drivers, road, params, terms)
        if params["legs"] > 1 and acts(drivers[0]) and users[0]["s"] >= params["goal_at"]:
            go_on(world, users, drivers[0], road, casts, params)
            return  # a decision belongs to one leg


@njit
def show_all(world, users, drivers, road, params, rules):
    """Set what this frame shows of everybody: signal and phase."""
    for i in range(len(users)):
        users[i]["phase"] = phase(users[i], world["tick"])
        if i < len(drivers) and drivers[i]["present"] == 1:
            users[i]["signal"] = lit(drivers[i], users[i], rules["signals"], road.entry, params["dt"])
        else:
            users[i]["signal"] = shown(users[i], world["tick"], params["dt"], params["rewritten"])


@njit
def observe_all(world, users, drivers, road, params, observations):
    """Write what each agent sees of this frame into its row of ``observations`` (A, D); 0 where none is present.

    The other seats come first, from the next one on, and then whoever is scripted. As in ``observe_users`` the
    signaller of the leg is the first of these; among several agents, who have one leg alone, row 1 signals.
    """
    agents, scripted, first = len(drivers), len(users) - len(drivers), world["signaller"] - 1
    for a in range(agents):
        driver, user, row = drivers[a], users[a], observations[a]
        if driver["present"] == 0:
            row[:] = 0.0
            continue
        look(users, a, road.fog, params["sight"])
        if params["occlusion"] == 1:
            occlude(users, a, road.buildings)
        _, _, cos, sin = locate(road.points, user["route"], user["s"])
        write_ego(row, 0, driver, user, road.entry, user["sin"] * cos - user["cos"] * sin)
        write_own(row, NUM_EGO, driver, user)
        for turn in range(1, len(users)):
            i = (a + turn) % agents if turn < agents else agents + (turn - agents + first) % scripted
            observe_user(row, NUM_EGO + NUM_OWN + NUM_USER * (turn - 1), users[i], user)


@njit
def reward_all(drivers, params, rules, terms, rewards):
    """Weigh ``terms`` in place; an agent's reward is its own, and as far as it is social the others' mean.

    Of those who still drive: who is alone earns its own, and who has ended nothing of what comes later.
    What a lamp costs that is switched on is no term.
    """
    total, count, cost = 0.0, 0, rules["signal_cost"] * params["dt"] * params["substeps"]
    for a in range(len(drivers)):
        rewards[a] = -cost if drivers[a]["present"] == 1 and drivers[a]["lamp"] != NONE else 0.0
        for k in range(terms.shape[1]):
            terms[a, k] *= params["weights"][k]
            rewards[a] += terms[a, k]
        total += rewards[a]
        count += drivers[a]["present"]
    for a in range(len(drivers)):
        social = drivers[a]["social"] if count > 1 else 0.0
        if drivers[a]["present"] == 1:
            rewards[a] = (1.0 - social) * rewards[a] + social * (total - rewards[a]) / max(count - 1, 1)


@njit
def step_many(worlds, users, drivers, road, params, casts, rules, deeds, out):
    """Step every world; ``deeds`` (W, A) are checked by the caller."""
    for w in range(len(worlds)):
        its = params[worlds[w]["cast"]]
        out.terms[w] = 0.0
        step_world_many(worlds[w], users[w], drivers[w], road, its, casts, rules[0], deeds[w], out.terms[w])
        reward_all(drivers[w], its, rules[0], out.terms[w], out.rewards[w])
        for a in range(len(drivers[w])):
            ended = drivers[w, a]["present"] == 1 and drivers[w, a]["end"] != RUNNING
            out.truncated[w, a] = ended and drivers[w, a]["end"] == TIME_LIMIT
            out.terminated[w, a] = ended and drivers[w, a]["end"] != TIME_LIMIT
        if rules[0]["endless"] == 1:
            renew(worlds[w], users[w], drivers[w], road, casts[worlds[w]["cast"]], its, rules[0])
        show_all(worlds[w], users[w], drivers[w], road, its, rules[0])
        observe_all(worlds[w], users[w], drivers[w], road, its, out.observations[w])


@njit
def reset_many(worlds, users, drivers, road, params, casts, rules, mask, intents, goals, observations):
    """Sample the worlds in ``mask`` (W,) anew and observe them. intents (W, N - 1), goals (W, A): -1 as drawn."""
    for w in range(len(worlds)):
        if mask[w]:
            draw_cast(worlds[w], len(casts))
            cast = worlds[w]["cast"]
            sample_world(worlds[w], users[w], road, casts, params[cast], intents[w])
            give_goals(users[w], casts[cast], goals[w])
            seat(worlds[w], users[w], drivers[w], rules[0])
            show_all(worlds[w], users[w], drivers[w], road, params[cast], rules[0])
            observe_all(worlds[w], users[w], drivers[w], road, params[cast], observations[w])

"""The Gymnasium environment: a batch of one."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium
import numpy as np

from kindergarten.envs.common import (
    RENDER_MODES,
    build,
    check_options,
    check_render_mode,
    check_seed,
    configured,
    infos_of,
    started,
)
from kindergarten.scenarios import SCENARIOS, id_of
from kindergarten.world.codes import Action
from kindergarten.world.config import SETTINGS, Config, Scenario, Settings
from kindergarten.world.kinds import array_of
from kindergarten.world.observation import NUM_EGO, columns
from kindergarten.world.origin import MARK, ORIGIN, check_origin
from kindergarten.world.reward import TERMS
from kindergarten.world.settings import spelled_out
from kindergarten.world.simulator import Snapshot
from kindergarten.world.spaces import Observed, Observer, action_space
from kindergarten.world.users import ROAD_USER, WORLD
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack


class KindergartenEnv(gymnasium.Env):
    """## Description

    You drive a car towards a junction. Somebody else signals what they will do there, stops signalling, and
    only later does it. Between the two nothing that you see tells: you have to remember.

    $SCENARIOS

    Each road user has three times: at t1 its signal comes on (a cyclist holds an arm out, a car's indicator
    flashes and is dark half of the time), at t2 it goes off, at t3 its body first moves differently. Until after
    t2 the car cruises by itself (`hands_on=True` gives you the controls at once): otherwise a driver could
    store the signal in the car's own speed and read it off later. On to a further junction it cruises at the
    speed that it began with, whatever the control.

    ## Action Space

    `control="discrete"`: `Discrete(5)`. Actions move a target, and the target persists.

    | action | meaning |
    |---|---|
    | 0 LEFT | aim for the next way to the left, if there is a choice, before the junction; in Overtake: move aside |
    | 1 IDLE | keep the targets |
    | 2 RIGHT | aim for the next way to the right |
    | 3 FASTER | raise the target speed by one step |
    | 4 SLOWER | lower it by one step |

    `control="continuous"`: `Box(-1, 1, (2,))`: pedal (brake to accelerator) and steering (right to left, up to
    0.6 rad), on a kinematic bicycle model.

    ## Observation Space

    `observation="features"`: one frame as a flat `Box`, float32, every value scaled and clipped.

    $OBSERVATION

    `observation="users"`: a `Dict` of the same numbers, for attention: `ego`, the first $EGO; `users`, a row for each
    other road user, in the same order; `mask`, 1 for those in sight. Rows of the others are 0.

    Where there are several junctions (Town), the road users of the one that comes next stand first. `info` and
    `options` keep to the order of the first.

    `observation="pixels"`: the same frame as a picture, `Box(0, 255, (H, W, C), uint8)`, for a CNN; from above, turned
    with the ego, which stands below the middle and heads up.

    ## Rewards

    A weighted sum of terms, in this order; `info["terms"]` holds the weighted terms of the step.

    $REWARD

    ## Starting State

    Kinds, speeds, intents and times are drawn from the scenario's ranges; everybody starts where they must be to
    arrive when they are due. `reset(seed=s, options={"intents": ["left"]})` overrides the intents of road users
    1, 2, ... after every random draw: the same seed gives *twins*, worlds that differ in intent alone. Where casts
    differ (Crossroads), or with `shuffled=True`, a seed may put somebody there who has no such intent, and keeps what
    was drawn: `info["intents"]` tells.

    ## Episode End

    Terminated at a collision, when the ego has left the junction, or (continuous control) the road. Truncated at
    the scenario's time limit after t3.

    ## Arguments

    - `scenario`: a name, or a `kindergarten.world.config.Scenario`; the registered ids set it.
    $ARGUMENTS
    - `render_mode`: `None`, `"rgb_array"` or `"human"`.

    ## Info

    The same from `gymnasium.make` and `make_vec`, there with a first axis for the worlds. `make_sb3` has it at an
    episode's end and in `reset_infos`. Where several agents drive goals are private: `rows_env` says who is `present`,
    and at an episode's end `is_success` and `terms`; `parallel_env` says nothing. `info` holds the answer: an agent
    that reads it remembers nothing.

    | key | shape | meaning |
    |---|---|---|
    | intents | (N - 1,) | `kindergarten.world.codes.Intent` of each road user but the ego |
    | phases | (N - 1,) | `kindergarten.world.codes.Phase`: before the signal, signal, delay, after t3 |
    | terms | (T,) | weighted reward terms of the step, in the order of the table above; the reward is their sum |
    | is_success | () | whether the episode has ended at its goal |

    ## Version History

    * v0: first version
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": RENDER_MODES, "render_fps": 5}

    @spelled_out(Config)
    def __init__(
        self,
        scenario: str | Scenario = "Crossing",
        *,
        render_mode: str | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        check_render_mode(render_mode, RENDER_MODES)
        config = configured(settings)
        self.simulator = build(scenario, 1, config)
        self._observer = Observer(self.simulator, config)
        self.observation_space = self._observer.space
        self.action_space = action_space(self.simulator)
        self.render_mode = render_mode
        self._seeded = False
        self._screen: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observed, dict[str, Any]]:
        """Sample a new scene; see Starting State for ``options``.

        Raises:
            ValueError: a seed that is none, an unknown option, or an intent that the road user has in no world; nothing
                has changed.
        """
        wanted = check_options(options, ("intents",)).get("intents", [])
        intents = self.simulator.parse_intents(wanted)[None]
        seed = None if seed is None else check_seed(seed)
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            first = seed if seed is not None else int(self.np_random.integers(1 << 62))
            self.simulator.seed(started([first]))
            self._seeded = True
        observations = self.simulator.reset(intents=intents)
        if self.render_mode == "human":
            self.render()
        return self._observer.observe(observations[0], 0), infos_of(self.simulator, 0)

    def step(self, action: Any) -> tuple[Observed, float, bool, bool, dict[str, Any]]:
        """Take one decision (0.2 s).

        Raises:
            ValueError: the action has the wrong shape, is out of range or not a number.
            gymnasium.error.ResetNeeded: there is no running episode.
        """
        if not self._seeded or self.simulator.worlds["end"][0]:
            raise gymnasium.error.ResetNeeded("call reset() before step(): no episode is running")
        simulator = self.simulator
        observations, rewards, terminated, truncated, _ = simulator.step(array_of("action is", action)[None])
        if self.render_mode == "human":
            self.render()
        seen = self._observer.observe(observations[0], 0)
        return seen, float(rewards[0]), bool(terminated[0]), bool(truncated[0]), infos_of(simulator, 0)

    def render(self) -> Any:
        """The current frame: (H, W, 3) uint8 for ``"rgb_array"``; for ``"human"`` shown in a window, if that can be."""
        if self.render_mode is None:
            gymnasium.logger.warn('render() does nothing: make the environment with render_mode="rgb_array"')
            return None
        from kindergarten import viewer

        if self.render_mode == "rgb_array":
            return viewer.render(self.simulator, 0)
        if self._screen is None:
            self._screen = viewer.LiveWindow()
        try:
            self._screen.show(self.simulator, 0)
        except viewer.NoDisplay as error:
            self._screen.close()  # and nothing is shown any more
            gymnasium.logger.warn(f"nothing is shown: {error}")
        return None

    def get_keys_to_action(self) -> dict[tuple[str, ...], Any]:
        """For ``gymnasium.utils.play``: w, s, a, d for faster, slower, left, right; its ``noop`` is ``IDLE``, 1."""
        if not self.simulator.discrete:
            pedals, hands = {"w": 1.0, "s": -1.0}, {"a": 0.2, "d": -0.2}
            alone = {(key,): (pedal, 0.0) for key, pedal in pedals.items()} | {
                (key,): (0.0, hand) for key, hand in hands.items()
            }
            both = {(a, b): (pedals[a], hands[b]) for a in pedals for b in hands}
            return {keys: np.array(action, np.float32) for keys, action in (alone | both).items()}
        return {("w",): Action.FASTER, ("s",): Action.SLOWER, ("a",): Action.LEFT, ("d",): Action.RIGHT}

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_screen": None}  # a window is of one process, and a copy opens its own

    def snapshot(self) -> bytes:
        """Everything that changes, as bytes, and what they are of."""
        worlds, users, origin = self.simulator.snapshot()
        return origin.tobytes() + worlds.tobytes() + users.tobytes()

    def restore(self, blob: bytes) -> None:
        """Continue from ``snapshot()``'s bytes, bit for bit.

        Raises:
            ValueError: that is no bytes, of another scenario or other settings, or makes no sense; nothing has changed.
        """
        if not isinstance(blob, bytes):
            raise ValueError(f"the snapshot is {quoted(blob)}: bytes were expected, as snapshot() returns them")
        if blob.startswith(MARK):  # those of older versions do not say what they are of
            check_origin(self.simulator.origin, blob[: ORIGIN.itemsize])
            blob = blob[ORIGIN.itemsize :]
        users = self.simulator.num_users
        if len(blob) != WORLD.itemsize + users * ROAD_USER.itemsize:
            raise ValueError(f"this is no snapshot of a world with {users} road users: {len(blob)} bytes")
        world, rows = np.frombuffer(blob[: WORLD.itemsize], WORLD), np.frombuffer(blob[WORLD.itemsize :], ROAD_USER)
        self.simulator.restore(Snapshot(world, rows[None]))
        self._seeded = True


def _table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n    ".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _item(text: str) -> str:
    return textwrap.fill(text, 112, initial_indent="- ", subsequent_indent="      ", break_on_hyphens=False)


def _page(template: str) -> str:
    """The class docstring with the tables that the code itself goes by."""
    table = columns(2)
    rows = [(i, *column.cells) for i, column in enumerate(table)]
    users = f"rows {NUM_EGO} on: road user 1, then the same for each further road user"
    arguments = [_item(f"`{s.name}`: {s.explained}; `{s.written}` by default.") for s in SETTINGS.values()]
    scenarios = [(f"`{id_of(s.name)}`", s.summary, s.num_users) for s in SCENARIOS.values()]
    return (
        template.replace("$SCENARIOS", _table(("id", "what happens", "road users"), scenarios))
        .replace("$OBSERVATION", _table(("#", "name", "low", "high", "unit", "meaning"), rows) + f"\n\n    ({users})")
        .replace("$EGO", str(NUM_EGO))
        .replace("$ARGUMENTS", "\n    ".join(arguments))
        .replace("$REWARD", _table(("term", "unit", "meaning"), [tuple(term) for term in TERMS]))
    )


KindergartenEnv.__doc__ = _page(KindergartenEnv.__doc__ or "")

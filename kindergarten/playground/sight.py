"""What an agent of many sees: an ego's columns, its own columns, and the others' from the next row on."""

from __future__ import annotations

from kindergarten.playground.drivers import SIGNAL_LEFT, SIGNAL_RIGHT
from kindergarten.world.codes import Intent
from kindergarten.world.observation import EGO_COLUMNS, Column, columns, writer

STRAIGHT = int(Intent.STRAIGHT)
GOAL_LEFT, GOAL_RIGHT = int(Intent.LEFT), int(Intent.RIGHT)

# fmt: off
OWN_COLUMNS = (
    Column("goal_left", 0, 1, "-", "1: it is to go left", lambda driver, user: user["intent"] == GOAL_LEFT),
    Column("goal_straight", 0, 1, "-", "1: it is to go straight on", lambda driver, user: user["intent"] == STRAIGHT),
    Column("goal_right", 0, 1, "-", "1: it is to go right", lambda driver, user: user["intent"] == GOAL_RIGHT),
    Column("asks_left", 0, 1, "-", "1: its left lamp is switched on",
           lambda driver, user: driver["lamp"] == SIGNAL_LEFT),
    Column("asks_right", 0, 1, "-", "1: its right lamp is switched on",
           lambda driver, user: driver["lamp"] == SIGNAL_RIGHT),
    Column("social", 0, 1, "-", "how much of the others' rewards it earns", lambda driver, user: driver["social"]),
)
# fmt: on
NUM_OWN = len(OWN_COLUMNS)
write_own = writer("write_own", OWN_COLUMNS, "driver, user")


def columns_of_seat(num_users: int) -> list[Column]:
    """The observation's columns, of a world with ``num_users`` road users; the other seats come first."""
    return columns(num_users, EGO_COLUMNS + OWN_COLUMNS)

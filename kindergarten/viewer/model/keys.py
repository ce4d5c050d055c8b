"""What each key does, in the window and in the page: keys by the names that pygame has for them."""

from __future__ import annotations

from typing import NamedTuple

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # times real time


class Key(NamedTuple):
    """Keys that do one thing; which of them was pressed, is the place that whoever does it is told.

    does: a method ``key_...`` of who plays; or a field of the view, which is switched.
    """

    does: str
    keys: tuple[str, ...]
    shown: str
    words: str


LOOK: tuple[Key, ...] = (
    Key("follow", ("c",), "c", "camera: with the car, above the junction"),
    Key("zoom", ("PLUS", "MINUS", "0"), "+, -, 0", "closer, further, as at first"),
    Key("reveal", ("h",), "h", "what will happen, which nobody can see"),
    Key("beliefs", ("b",), "b", "what the car believes"),
    Key("attention", ("a",), "a", "whom it attends to"),
    Key("memory", ("m",), "m", "what its memory holds"),
    Key("policy", ("v",), "v", "its actions and what it expects"),
    Key("reward", ("r",), "r", "the reward, term by term"),
    Key("close_up", ("o",), "o", "a road user from near"),
    Key("timeline", ("i",), "i", "the timeline"),
    Key("panels", ("TAB",), "tab", "the street alone"),
    Key("large", ("z",), "z", "large type"),
    Key("fullscreen", ("f", "F11"), "f", "the whole screen, or a window"),
    Key("dark", ("d",), "d", "dark, light"),
    Key("help", ("QUESTION",), "?", "this help"),
    Key("quit", ("q", "ESCAPE"), "q", "quit"),
)
PLAYER: tuple[Key, ...] = (
    Key("play", ("SPACE",), "space", "play, pause"),
    Key("step", ("LEFT", "RIGHT"), "left, right", "one decision back, on"),
    Key("speed", ("DOWN", "UP"), "up, down", "faster, slower: 0.1 to 16 times"),
    Key("ends", ("HOME", "END"), "home, end", "to the beginning, to the end"),
    Key("jump", ("1", "2", "3"), "1, 2, 3", "to t1, t2, t3, and pause there"),
    Key("story", ("e",), "e", "story: stop at t1, t2, t3, and tell"),
    Key("episode", ("p", "n", "PAGEUP", "PAGEDOWN"), "n, p", "next, previous episode"),
    Key("mark", ("COMMA", "PERIOD"), "comma, period", "bookmark A, B here: it loops between"),
    Key("unmark", ("x",), "x", "no bookmarks"),
    Key("loop", ("l",), "l", "loop"),
    Key("twins", ("t",), "t", "its twins, one by one, beside it"),
    Key("guess", ("g",), "g", "guess: what will it do?"),
    Key("focus", ("LEFTBRACKET", "RIGHTBRACKET"), "[, ]", "look at another road user from near"),
    Key("save", ("s", "w"), "s, w", "save this picture, a contact sheet"),
    *LOOK,
)
#: Of a world that is being simulated: nobody tells the window what an agent thinks.
LIVE: tuple[Key, ...] = (
    Key("play", ("SPACE",), "space", "pause, go on"),
    *(key for key in LOOK if key.does not in ("beliefs", "attention", "memory")),
)
GAME: tuple[Key, ...] = (
    Key("drive", ("UP", "DOWN"), "up, down", "faster, slower"),
    Key("drive", ("LEFT", "RIGHT"), "left, right", "aim further left, right (or steer)"),
    Key("go", ("SPACE", "RETURN"), "space", "begin, pause, go on, the next episode"),
)
#: What the page can do, and how browsers call its keys.
PAGE = (
    "play", "step", "speed", "ends", "jump", "story", "episode", "loop", "twins", "follow", "zoom", "reveal", "beliefs",
    "large", "fullscreen", "dark", "help",
)  # fmt: skip
BROWSER = {
    "SPACE": " ", "LEFT": "ArrowLeft", "RIGHT": "ArrowRight", "UP": "ArrowUp", "DOWN": "ArrowDown", "HOME": "Home",
    "END": "End", "PAGEUP": "PageUp", "PAGEDOWN": "PageDown", "PLUS": "+", "MINUS": "-", "QUESTION": "?",
}  # fmt: skip

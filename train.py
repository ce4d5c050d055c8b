"""``python train.py`` = ``kindergarten train``: teach a car to read what others are about to do."""

import sys

from kindergarten.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))

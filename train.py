"""``python train.py`` = ``kindergarten train``: teach a car to read what others are about to do."""

import sys

if __name__ == "__main__":
    try:
        from kindergarten.cli import main
    except KeyboardInterrupt:  # what is imported takes a while
        print("kindergarten: stopped", file=sys.stderr)
        sys.exit(130)
    sys.exit(main(["train", *sys.argv[1:]]))

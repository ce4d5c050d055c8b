"""``python -m kindergarten`` is the command line."""

import sys

from kindergarten.cli import main

sys.exit(main())

"""Takes the figures of docs/understanding.md from a run's report: docs/images/understanding/NAME.svg.

python docs/figures.py RUN    (after kindergarten diagnose RUN)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kindergarten.agents.diagnose.report import drawing
from kindergarten.agents.diagnose.report.pictures import PICTURES

IMAGES = Path(__file__).resolve().parent / "images" / "understanding"


def main(run: str) -> None:
    """Draw the figures that the page shows anew, from the report's numbers."""
    page = (IMAGES.parents[1] / "understanding.md").read_text(encoding="utf-8")
    numbers = json.loads((Path(run) / "report" / "numbers.json").read_text(encoding="utf-8"))
    for key, pictures in PICTURES.items():
        for picture in pictures:
            if f"/{picture.name}.svg" in page and picture.present(numbers[key]):
                drawing.write(IMAGES, picture.name, picture.draw, numbers[key])


if __name__ == "__main__":
    main(sys.argv[1])

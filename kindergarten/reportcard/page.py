"""The report card as one HTML page that needs nothing but itself."""

from __future__ import annotations

from kindergarten.reportcard.card import ReportCard


def page(card: ReportCard) -> str:
    """The whole page."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kindergarten.reportcard", "page"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("card.html").render(card=card)

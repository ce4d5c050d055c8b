"""HTML pages that need nothing but themselves, from the templates of a room."""

from __future__ import annotations

from typing import Any

from kindergarten.output import decimals


def markup(package: str, template: str, **values: Any) -> str:
    """The page ``template`` in the folder ``page`` of ``package``, filled in; words of others are no markup.

    Raises:
        jinja2.UndefinedError: the template asks for something that is not among ``values``.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, "page"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["decimals"] = decimals
    return environment.get_template(template).render(values)

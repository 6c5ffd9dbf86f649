# SPDX-License-Identifier: Apache-2.0
"""Pages for people: templates, and the headers of a page that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

OF_CONTENT = "'self' data: https:"  # where images of content may come from
_FOLDER = Path(__file__).parent / "templates"


@cache
def environment(folder: Path = _FOLDER) -> Any:
    """A folder's templates, which may use those of this package; the toolkit is loaded with the first one, since a
    start has no use for it."""
    from jinja2 import Environment, FileSystemLoader, select_autoescape

    return Environment(
        loader=FileSystemLoader((folder, _FOLDER)), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )


@cache
def template(name: str) -> Any:
    """A page's template."""
    return environment().get_template(name)


@cache
def style(name: str = "page") -> tuple[str, str]:
    """A style of the pages, and what a content security policy says to let it in."""
    text = (_FOLDER / f"{name}.css").read_text(encoding="utf-8")
    return text, f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def private(form_action: str, style_name: str = "page", images: str = "'none'") -> dict[str, str]:
    """The headers of a page that is one person's and may take a form: kept nowhere, framed nowhere, told to nobody.
    `form_action` is where the form may lead, `images` where images may come from."""
    return {
        "content-security-policy": f"default-src 'none'; style-src {style(style_name)[1]}; img-src {images}; "
        f"form-action {form_action}; frame-ancestors 'none'; base-uri 'none'",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


def is_headed(html: str) -> bool:
    """Whether content brings a first heading of its own, so that its page needs none."""
    return "<h1" in html


def page(
    name: str, status: int = 200, form_action: str = "'self'", style_name: str = "page", images: str = "'none'",
    **shown: Any,
) -> HTMLResponse:  # fmt: skip
    """One person's page: what its template makes of `shown`, in a style. The rest is as for `private`."""
    text = template(name).render(style=style(style_name)[0], **shown)
    return HTMLResponse(text, status, private(form_action, style_name, images))

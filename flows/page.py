"""HTML pages that hold all they need, so that they open without a network; their own Content-Security-Policy forbids one."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from align.compressed import replacing


def write_page(template: str, output: Path, filters: dict[str, Callable[..., Any]], **content: Any) -> None:
    """Write the `template` of this folder, filled with `content`, to `output`, aside and then into its place. Writes.

    Raises ResourceError `file.unwritable`.
    """
    import jinja2  # both here: a command that writes no page does not wait for them
    import vl_convert

    folder = resources.files("flows")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
    )  # fmt: skip
    environment.filters |= {**filters, "percent": percent, "in_script": in_script, "script_text": script_text}
    javascript = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    page = environment.get_template(template).render(**content, javascript=javascript)
    with replacing(Path(output)) as file:
        file.write(page.encode("utf-8", "replace"))


def percent(share: float, digits: int = 1) -> str:
    """`share` of 1 as percent, without the sign."""
    return f"{100 * share:.{digits}f}"


def in_script(value: object) -> Any:
    """JSON that may stand between script tags: no character in it can end them."""
    from markupsafe import Markup

    return Markup(json.dumps(value, ensure_ascii=True).replace("<", "\\u003c").replace("&", "\\u0026"))


def script_text(source: str) -> Any:
    """JavaScript as the text of a script element, its meaning unchanged."""
    from markupsafe import Markup

    return Markup(source.replace("</script", "<\\/script").replace("<!--", "<\\!--"))

"""`make bundle`: joins the style, and joins and squeezes the script, of the pages that build, after one of their parts was changed.

Both are kept in the repository, so that whoever embeds Segue needs no build.
"""

from pathlib import Path

from rjsmin import jsmin

GUIDE, OURS = Path("workguide/static/workguide"), Path("orchestration/static/orchestration")
STYLES = [GUIDE / "orc.css", OURS / "building.css", OURS / "board.css"]
SCRIPTS = [GUIDE / "orc.js", OURS / "building.js", OURS / "board.js"]
LIBRARIES = [GUIDE / "htmx.min.js", OURS / "sortable.min.js"]  # as their makers squeezed them


def joined(root: Path) -> dict[Path, str]:
    """What each of the two files must hold, by its place below `root`."""
    scripts = [(root / part).read_text() for part in LIBRARIES] + [jsmin((root / part).read_text()) for part in SCRIPTS]
    return {
        OURS / "builder.css": "".join((root / part).read_text() for part in STYLES),  # squeezers of styles do not know nested rules
        OURS / "builder.js": "".join(f"{script.strip()};\n" for script in scripts),
    }


if __name__ == "__main__":
    root = Path(__file__).parent
    for place, text in joined(root).items():
        (root / place).write_text(text)

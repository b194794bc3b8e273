"""Figures from measurements, and the table that people read."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

__all__ = ["in_ms", "median", "rounded", "table"]


def in_ms(seconds: Iterable[float], prefix: str) -> dict[str, float]:
    """The median and the 95th percentile, in milliseconds."""
    kept = sorted(seconds)
    return {f"{prefix}_{name}_ms": 1000 * kept[int(share * len(kept))] for name, share in (("p50", 0.5), ("p95", 0.95)) if kept}


def rounded(figures: Any) -> Any:
    """The same with three significant digits below 100, for JSON that can be read."""
    if isinstance(figures, Mapping):
        return {name: rounded(value) for name, value in figures.items()}
    if isinstance(figures, float):
        return round(figures, 1) if abs(figures) >= 100 else float(f"{figures:.3g}")
    return figures


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """One paragraph for each work, each contestant or kind a row."""
    return "\n\n".join(_paragraph(line) for line in lines)


def _paragraph(line: Mapping[str, Any]) -> str:
    rows = {name: value for name, value in line.items() if isinstance(value, Mapping)}
    head = f"{line['work']} on {line['place']}: " + ", ".join(
        f"{name} {value}" for name, value in line.items() if name not in ("work", "place") and name not in rows
    )
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    cells = [["", *columns], *([name, *(str(row.get(column, "–")) for column in columns)] for name, row in rows.items())]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns) + 1)]
    return "\n".join(
        [head, *("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells if rows)]
    )

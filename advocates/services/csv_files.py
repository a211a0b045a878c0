"""CSV files as people bring them: UTF-8, with commas, semicolons or tabs, and a first line that names the columns.

And as they are given: without a cell that a spreadsheet would work out.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from loyalty.kernel.errors import Invalid

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for the beginning of one


class BadFile(Invalid):
    """It is no file of this kind; nothing of it was kept."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="file")


def hashed(lines: Iterable[str], digest: Any) -> Iterator[str]:
    for line in lines:
        digest.update(line.encode())
        yield line


def rows(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines with their numbers, the header first.

    :raises BadFile: if it cannot be read
    """
    try:
        first = next(lines, "").removeprefix("\ufeff")
        delimiter = max(",;\t", key=first.count)
        reader = csv.reader(_with(first, lines), delimiter=delimiter, strict=True)
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError as error:
        raise BadFile("This is no text in UTF-8. Save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise BadFile("This is no CSV file: a line ends inside a quoted cell, or in no way that we know.") from error


def columns(
    header: Sequence[str], *, names: Mapping[str, Sequence[str]], required: Sequence[Sequence[str]], is_ours: bool
) -> list[str]:
    """Our name of each column; empty for what a vendor exports and nobody here needs.

    :param names: of our columns, in lower case: how each may be spelled
    :param required: groups of columns, of each of which there must be one
    :param is_ours: whether the file was made for us, so that a column that nobody knows is a mistake
    :raises BadFile: if a column is missing, unknown or there twice
    """
    spellings = {name: column for column, spelled in names.items() for name in spelled}
    found = [spellings.get(name.lower(), "") for name in header]
    unknown = [name for name, column in zip(header, found, strict=True) if not column]
    twice = {column for column in found if column and found.count(column) > 1}
    if not any(found):
        raise BadFile(f"The first line names no column of these: {', '.join(names)}.")
    if unknown and is_ours:
        raise BadFile(f"There is no column {unknown[0]}. Columns are {', '.join(names)}.")
    if twice:
        raise BadFile(f"Two columns are {min(twice)}. Remove one.")
    for group in required:
        if not set(group) & set(found):
            raise BadFile(f"A column {' or '.join(group)} is missing.")
    return found


def written(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A line for each row, one after the other: no file is ever held as a whole."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([_as_text(str(cell)) for cell in row])
        yield line.getvalue()


def _as_text(cell: str) -> str:
    """What somebody else wrote is shown by a spreadsheet, and does nothing there."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def _with(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines

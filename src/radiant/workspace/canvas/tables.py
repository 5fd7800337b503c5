"""Tables: CSV of RFC 4180 in an artifact's body. Pure."""

import csv
import io

from radiant.workspace.canvas.problems import BadArtifact

MOST_ROWS, MOST_COLUMNS = 10_000, 500
_MOST_FIELD = 100_000


def rows_of(text: str) -> list[list[str]]:
    """The rows of a table, the first one its head. Raises BadArtifact, with the row."""
    csv.field_size_limit(_MOST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > MOST_ROWS:
                raise BadArtifact(f"content: a table takes at most {MOST_ROWS:,} rows; part it")
            if len(row) > MOST_COLUMNS:
                raise BadArtifact(
                    f"content: row {len(rows)} has {len(row):,} columns; a table takes at most {MOST_COLUMNS}"
                )
    except csv.Error as error:
        raise BadArtifact(
            f'content: no CSV, in line {reader.line_num}: {error}; quote a field by doubling its "'
        ) from error
    return rows

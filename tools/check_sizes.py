#!/usr/bin/env python3
"""No file of ours over 400 lines, no C++ function over 70. An exception is written here with its reason."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_MAX, FUNCTION_MAX = 400, 70
SUFFIXES = {".cpp", ".hpp", ".py", ".ts", ".svelte", ".mjs", ".css", ".sh", ""}
# path -> why it may be longer
EXCEPTIONS = {
    "dashboard/src/stream/types.ts": "generated from the schema",
    "simulator/sql/functions_text.cpp": "one table of functions, each a few lines",
    "tests/unit/simulator/sql_fake_catalog.cpp": "one table of rows",
    "dashboard/src/stream/types.ts": "generated",
}
OPENS = re.compile(r"^( {0,2})(?!namespace|class|struct|enum|union|extern|:|TEST| )\S.*\{$|^()TEST(?:_[FP])?\(.*\{$")


def ours():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                            check=True).stdout.splitlines()
    for name in listed:
        path = ROOT / name
        if path.suffix in SUFFIXES and path.is_file() and "fixtures" not in path.parts and not name.endswith(("LICENSE",)):
            yield name, path


def long_functions(lines):
    """By indentation, which clang-format guarantees: from a line that ends with { to the } below it."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None:
            match = OPENS.match(line)
            if match and "(" in line:
                start = (number, match.group(1) or match.group(2) or "", line.strip())
        elif line.startswith(start[1] + "}"):
            if number - start[0] + 1 > FUNCTION_MAX:
                yield start[0], number - start[0] + 1, start[2]
            start = None


def main():
    found = []
    for name, path in ours():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        if name in EXCEPTIONS:
            continue
        if len(lines) > FILE_MAX:
            found.append(f"{name}: {len(lines)} lines, {FILE_MAX} at most")
        if path.suffix in (".cpp", ".hpp"):
            found += [f"{name}:{at}: {length} lines in one function, {FUNCTION_MAX} at most: {text[:60]}"
                      for at, length, text in long_functions(lines)]
    for line in found:
        print(f"check_sizes: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Opens every workbook that the service exports in LibreOffice and compares it with the CSV export, cell by cell.

LibreOffice, without a screen, writes each workbook as CSV of its own; texts have to be the same texts, numbers the same
numbers, and no cell a formula. The apostrophe before a text of the CSV export that a spreadsheet would take for a formula is
not in the workbook. Usage: xlsx.py URL KEY
"""
import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

NUMBERS = {"latitude", "longitude", "value"}
# Comma, double quote, UTF-8, from row 1, texts in quotes, and cells with all their digits rather than as they are shown.
FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false"


def fetch(url, key, path):
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def converted(book, folder):
    profile = Path(folder, "profile").as_uri()
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", FILTER, "--outdir", folder, book],
        check=True, timeout=300, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    return Path(book).with_suffix(".csv").read_text(encoding="utf-8-sig")


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def meant(cell):
    """The text that a cell of our CSV stands for."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r]", cell) else cell


def same(column, ours, theirs):
    if column in NUMBERS and ours and ours != column:
        return float(ours) == float(theirs)
    return meant(ours) == theirs


def main():
    url, key = sys.argv[1].rstrip("/"), sys.argv[2]
    n_cells, wrong = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for item in json.loads(fetch(url, key, "/api/v1/exports"))["items"]:
            table, columns = item["table"], item["columns"]
            ours = rows(fetch(url, key, item["links"]["csv"]).decode("utf-8"))
            book = str(Path(folder, f"{table}.xlsx"))
            Path(book).write_bytes(fetch(url, key, item["links"]["xlsx"]))
            with zipfile.ZipFile(book) as parts:
                sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
                if any(b"<f>" in parts.read(name) or b"<f " in parts.read(name) for name in sheets):
                    wrong.append(f"{table}: a cell is a formula")
            theirs = rows(converted(book, folder))
            if len(ours) != len(theirs):
                wrong.append(f"{table}: {len(ours)} rows in CSV, {len(theirs)} in the workbook")
            for number, (left, right) in enumerate(zip(ours, theirs), 1):
                # LibreOffice leaves out empty cells at the end of all rows.
                right += [""] * (len(left) - len(right))
                for column, a, b in zip(columns, left, right, strict=True):
                    n_cells += 1
                    if not same(column, a, b):
                        wrong.append(f"{table}, row {number}, {column}: {a!r} in CSV, {b!r} in the workbook")
            print(f"{table}: {len(ours)} rows")
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    print(f"{n_cells} cells compared, {len(wrong)} differ")
    sys.exit(1 if wrong or n_cells == 0 else 0)


if __name__ == "__main__":
    main()

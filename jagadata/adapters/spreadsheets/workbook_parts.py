"""The parts of an XLSX or XLSB and what they are for each other, as its relationships say: they may lie anywhere in the archive."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.xml_parts import Attributes, walk
from jagadata.collection.tables.number_formats import BUILT_IN, read_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jagadata.collection.tables.number_formats import NumberFormat

    Open = Callable[[str], Iterator[bytes]]
    """The bytes of the part of this name."""

RELATIONS = "_rels/.rels"


def part_key(name: str) -> str:
    """One form of a part's name: some writers use backslashes or other letters' case."""
    return name.replace("\\", "/").lstrip("/").lower()


def relations_of(part: str) -> str:
    """'xl/workbook.xml' -> 'xl/_rels/workbook.xml.rels'."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


@dataclass(frozen=True, kw_only=True)
class Relation:
    id: str
    kind: str  # the last word of its type: 'worksheet'
    part: str  # key of the part


def read_relations(pieces: Iterator[bytes], folder: str) -> list[Relation]:
    """Those to parts of the archive. Raises XmlError."""
    found = []

    def start(name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            part = target if target.startswith("/") else posixpath.join(folder, target)
            found.append(
                Relation(
                    id=attributes.get("Id", ""),
                    kind=attributes.get("Type", "").rpartition("/")[2],
                    part=part_key(posixpath.normpath(part)),
                )
            )

    walk(pieces, start)
    return found


@dataclass(frozen=True, kw_only=True)
class WorkbookParts:
    """Keys of the parts. `titles`: the sheets' names by their parts."""

    workbook: str = ""
    styles: str = ""
    strings: str = ""
    sheets: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()  # to other files
    titles: Mapping[str, str] = field(default_factory=dict)


def find_workbook(keys: set[str], read: Open) -> str:
    """The key of the workbook; '' where there is none. Raises XmlError."""
    if RELATIONS in keys:
        for one in read_relations(read(RELATIONS), ""):
            if one.kind == "officeDocument" and one.part in keys:
                return one.part
    return next((key for key in ("xl/workbook.xml", "xl/workbook.bin") if key in keys), "")


def find_parts(
    keys: set[str], read: Open, titles_of: Callable[[Iterator[bytes]], Mapping[str, str]] | None = None
) -> WorkbookParts:
    """`titles_of`: the sheets' names by their relations, read from the workbook (by default of XML). Raises XmlError."""
    workbook = find_workbook(keys, read)
    links = relations_of(workbook)
    if not workbook or links not in keys:
        return WorkbookParts(workbook=workbook)
    relations = read_relations(read(links), posixpath.dirname(workbook))
    targets = {one.id: one.part for one in relations if one.part in keys}
    names = (titles_of or read_titles)(read(workbook))
    return WorkbookParts(
        workbook=workbook,
        styles=_one(relations, "styles", keys),
        strings=_one(relations, "sharedStrings", keys),
        sheets=frozenset(one.part for one in relations if one.kind == "worksheet" and one.part in keys),
        links=frozenset(one.part for one in relations if one.kind == "externalLink" and one.part in keys),
        titles={targets[key]: title for key, title in names.items() if key in targets},
    )


def _one(relations: list[Relation], kind: str, keys: set[str]) -> str:
    return next((one.part for one in relations if one.kind == kind and one.part in keys), "")


def read_titles(pieces: Iterator[bytes]) -> dict[str, str]:
    """The sheets' names by their relations' ids."""
    found = {}

    def start(name: str, attributes: Attributes) -> None:
        if name == "sheet":
            found[attributes.get("id", "")] = attributes.get("name", "")

    walk(pieces, start)
    return found


def read_styles(pieces: Iterator[bytes]) -> dict[str, NumberFormat]:
    """By the number of a cell style, its format where that shows something else than the number. Raises XmlError."""
    codes = dict(BUILT_IN)
    used: list[str] = []
    within = ""

    def start(name: str, attributes: Attributes) -> None:
        nonlocal within
        if name in ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs"):
            within = name
        elif name == "numFmt" and within != "dxfs":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and within == "cellXfs":
            used.append(attributes.get("numFmtId", "0"))

    walk(pieces, start)
    return formats_by_style(codes, used)


def formats_by_style(codes: Mapping[str, str], used: list[str]) -> dict[str, NumberFormat]:
    return {
        str(number): form
        for number, key in enumerate(used)
        if (form := read_format(codes.get(key, ""))) is not None
    }

"""The office file's YAML: stricter than YAML itself, and silent about what was typed, for it may hold a secret."""

from __future__ import annotations

from typing import Any

import yaml

from jagadata.errors import OfficeFileError


class _Loader(yaml.SafeLoader):
    """Notes keys that stand twice, which YAML would let replace each other in silence, and keys that are no text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.faults: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            line = key.start_mark.line + 1
            if not _is_text(key.value):
                self.faults.append(f"baris {line}: nama isian memuat tanda yang tidak sah; hapus")
            elif key.value in seen:
                self.faults.append(
                    f"baris {line}: '{key.value}' tertulis dua kali di tempat yang sama; hapus salah satu"
                )
            seen.add(key.value)
        made = super().construct_mapping(node, deep=deep)
        return {key: value for key, value in made.items() if not isinstance(key, str) or _is_text(key)}

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """A day that no calendar has (30 February) stays text, so that it is reported with its place."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError:
            return str(node.value)


def _is_text(value: str) -> bool:
    """Not half a surrogate pair, which YAML can name and UTF-8 can not."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


def read_yaml(text: str, source: str) -> tuple[dict[Any, Any], list[str]]:
    """The mapping, and faults that YAML itself lets pass. Raises OfficeFileError where it is no mapping."""
    loader = None
    try:
        loader = _Loader(text)
        raw = loader.get_single_data()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" pada baris {mark.line + 1}, kolom {mark.column + 1}" if mark else ""
        raise OfficeFileError(
            f"{source} bukan YAML yang sah{where}.",
            "Periksa tanda kutip, titik dua, dan indentasi (spasi, bukan tab) pada baris itu dan sebelumnya; "
            "apit teks yang memuat tanda khusus dengan tanda kutip.",
        ) from None  # the cause quotes the line, and a secret may stand there
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
        raise OfficeFileError(
            f"{source} memuat nilai yang tidak dapat dibaca sebagai YAML.",
            "Hapus penanda tipe (!!...), dan apit teks yang memuat tanda khusus dengan tanda kutip.",
        ) from None  # the cause quotes the value
    except RecursionError:
        raise OfficeFileError(
            f"{source} bersarang terlalu dalam.", "Buat ulang dengan `jaga init`."
        ) from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(raw, dict):
        raise OfficeFileError(f"{source} kosong atau bukan daftar isian.", "Buat dengan `jaga init`.")
    return raw, loader.faults

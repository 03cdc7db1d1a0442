"""Identities of data sets as former versions wrote them, in manifests of format 1 and in journals: PostgreSQL's OIDs, as bare numbers.

An OID means something on the server that gave it only, so an identity names that server too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = {"oid": "identity", "side_oid": "side_identity", "live_oid": "live_identity"}


def identity_of_oid(oid: object, server: str) -> str:
    """Such as "oid:16385@7312...": this database of the server with this system identifier. Raises TypeError for what is no OID."""
    if not isinstance(oid, int) or isinstance(oid, bool):
        raise TypeError(f"oid: {type(oid).__name__}")
    return f"oid:{oid}@{server}"


def oid_of_identity(identity: str) -> int:
    """Raises ValueError for an identity of another kind."""
    kind, _, rest = identity.partition(":")
    if kind != "oid":
        raise ValueError(f"'{kind}'")
    return int(rest.partition("@")[0])


def with_identities(value: Mapping[str, Any], server: str) -> dict[str, Any]:
    """One entry as any version wrote it: `oid` 16385 becomes `identity` "oid:16385@SERVER", None stays None. Raises TypeError."""
    return {
        _NAMES.get(name, name): identity_of_oid(item, server) if name in _NAMES and item is not None else item
        for name, item in value.items()
    }


def without_identities(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same entry as former versions wrote it. Raises ValueError."""
    names = {new: old for old, new in _NAMES.items()}
    return {
        names.get(name, name): oid_of_identity(item) if name in names and item is not None else item
        for name, item in value.items()
    }

"""What must fit together across the office file: names that are taken, references that lead nowhere. Pure.

Works on plain data that may still be wrong elsewhere, so that these faults are reported together with all others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""Names that may be repeated in an error: anything else might be a secret in the wrong place."""


def find_faults(raw: Mapping[Any, Any]) -> list[str]:
    """Every fault as `place: what was found; what to write instead`."""
    hosts = {_text(item.get("name")) for _, item in _items(raw, "hosts")} - {""}
    servers = {_text(item.get("name")) for _, item in _items(raw, "servers")} - {""}
    direct = {_text(item.get("name")) for _, item in _items(raw, "hosts") if item.get("control") == "direct"}
    faults = list(_taken_names(raw))
    faults += _jumps(raw, hosts)
    for where, server in _items(raw, "servers"):
        for field in ("via", "data_host"):
            faults += _unknown(f"{where}.{field}", "host", server.get(field), hosts)
        if not (_loopback(_text(server.get("address"))) or server.get("via") or server.get("ca")):
            faults.append(
                f"{where}: server jauh harus dicapai lewat 'via: HOST' (SSH) atau TLS dengan 'ca: BERKAS' (verify-full)"
            )
    owners: dict[tuple[str, str], str] = {}
    for where, system in _items(raw, "systems"):
        faults += _unknown(f"{where}.server", "server", system.get("server"), servers)
        for spot, data in _items(system, "data", where):
            key = (_text(system.get("server")), _exact(data.get("database")))
            if key[1] and key in owners:
                faults.append(
                    f"{spot}.database: {key[1]!r} sudah menjadi milik sistem '{owners[key]}'; hapus di salah satu"
                )
            owners.setdefault(key, _text(system.get("id")))
        for spot, service in _items(system, "services", where):
            faults += _unknown(f"{spot}.host", "host", service.get("host"), hosts)
            if service.get("kind") == "cron" and _text(service.get("host")) in direct:
                faults.append(
                    f"{spot}.kind: 'cron' memerlukan host dengan control: script (berkas di /etc/cron.d milik root)"
                )
            probe = service.get("probe")
            if isinstance(probe, dict):
                faults += _unknown(f"{spot}.probe.via", "host", probe.get("via"), hosts)
    return [*faults, *_former_ids(raw), *_idle_stores(raw), *_collection(raw, hosts)]


def _former_ids(raw: Mapping[Any, Any]) -> Iterator[str]:
    """An earlier id belongs to one system, and to none of today."""
    systems = list(_items(raw, "systems"))
    owners = {_text(system.get("id")): _text(system.get("id")) for _, system in systems}
    for where, system in systems:
        formerly = system.get("formerly")
        for number, old in enumerate(formerly if isinstance(formerly, list) else ()):
            if isinstance(old, str) and _PLAIN.fullmatch(old):
                if old in owners:
                    yield f"{where}.formerly[{number}]: '{old}' sudah menjadi id sistem '{owners[old]}'; hapus di salah satu"
                owners.setdefault(old, _text(system.get("id")))


def _jumps(raw: Mapping[Any, Any], hosts: set[str]) -> Iterator[str]:
    """`hosts[].via` leads somewhere, and never back to itself."""
    via = {_text(item.get("name")): _text(item.get("via")) for _, item in _items(raw, "hosts")}
    for where, item in _items(raw, "hosts"):
        yield from _unknown(f"{where}.via", "host", item.get("via"), hosts)
        seen, name = set[str](), _text(item.get("name"))
        while name and name not in seen:
            seen.add(name)
            name = via.get(name, "")
        if name and name == _text(item.get("name")):
            yield f"{where}.via: berputar kembali ke host ini sendiri; hapus di salah satu"


def _idle_stores(raw: Mapping[Any, Any]) -> Iterator[str]:
    """Backups go to the first and the second store; of a further one its owner would believe that it holds copies."""
    collection = raw.get("collection")
    drops = _items(collection, "drops") if isinstance(collection, dict) else ()
    used = {_text(drop.get("store")) for _, drop in drops} - {""}
    stores = list(_items(raw, "stores"))
    used |= {_text(store.get("name")) for _, store in stores[:2]}  # a name that is taken is told by itself
    for where, store in stores[2:]:
        if _text(store.get("name")) not in used:
            yield f"{where}: back up hanya disalin ke penyimpanan kedua; hapus yang ini, atau jadikan yang kedua"


def _collection(raw: Mapping[Any, Any], hosts: set[str]) -> Iterator[str]:
    """References of the part for SOP Pengumpulan Data."""
    collection = raw.get("collection")
    if not isinstance(collection, dict):
        return
    stores = {_text(item.get("name")) for _, item in _items(raw, "stores")} - {""}
    for where, drop in _items(collection, "drops", "collection"):
        yield from _unknown(f"{where}.store", "penyimpanan", drop.get("store"), stores)
    inventory = collection.get("inventory")
    if isinstance(inventory, dict):
        where = "collection.inventory"
        yield from _unknown(f"{where}.via", "host", inventory.get("via"), hosts)
        if not (_loopback(_text(inventory.get("address"))) or inventory.get("via") or inventory.get("ca")):
            yield f"{where}: server jauh harus dicapai lewat 'via: HOST' (SSH) atau TLS dengan 'ca: BERKAS' (verify-full)"


def _items(raw: Mapping[Any, Any], field: str, above: str = "") -> Iterator[tuple[str, dict[Any, Any]]]:
    """Each mapping of a list with its place, such as `systems[0].services[1]`."""
    value = raw.get(field)
    for number, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield f"{above}{'.' if above else ''}{field}[{number}]", item


def _taken_names(raw: Mapping[Any, Any]) -> Iterator[str]:
    for kind, field in (
        ("officials", "id"),
        ("hosts", "name"),
        ("servers", "name"),
        ("stores", "name"),
        ("systems", "id"),
    ):
        seen: set[str] = set()
        for where, item in _items(raw, kind):
            name = _text(item.get(field))
            if name and name in seen:
                yield f"{where}.{field}: '{name}' sudah dipakai; beri nama lain"
            seen.add(name)


def _unknown(where: str, what: str, name: Any, known: set[str]) -> Iterator[str]:
    text = _text(name)
    if text and text not in known:
        shown = repr(text) if _PLAIN.fullmatch(text) else "yang tertulis"
        choices = (
            ", ".join(sorted(name for name in known if _PLAIN.fullmatch(name))) or "(belum ada satu pun)"
        )
        yield f"{where}: {what} {shown} tidak ada; tulis salah satu dari {choices}"


def _exact(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _loopback(address: str) -> bool:
    return address in ("", "127.0.0.1", "::1", "localhost") or address.startswith("/")

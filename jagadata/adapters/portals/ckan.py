"""Publishing on a CKAN portal by its action API: one package for each data set, brought up to date, never deleted and made anew."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from ckanapi import CKANAPIError, NotAuthorized, NotFound, RemoteCKAN, ValidationError
from requests.utils import get_environ_proxies

from jagadata.adapters.spreadsheets.data_files import check_files
from jagadata.collection.inventory.package import DESCRIPTOR, check_publishable, make_metadata
from jagadata.collection.inventory.publishing import Published
from jagadata.errors import JagadataError, RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jagadata.collection.inventory.package import DataPackage, PackageFile

_MARK = "jagadata_sha256"
"""A field of our own on each resource: harvesters of the portal put their own value into `hash`."""
_DONE = "sidik_paket"
"""The extra field that is written last: what it names is there as a whole."""
_FORMATS = {"csv": "CSV", "parquet": "Parquet", "json": "JSON"}
_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json"}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class CkanPublisher:
    """Implements Publisher. `token` is the API token itself, and stands in no message; `timeouts`: seconds to connect, and of silence."""

    def __init__(
        self,
        url: str,
        *,
        token: str,
        organization: str,
        ca: Path | None = None,
        timeouts: tuple[float, float] = (10, 120),
    ) -> None:
        self.name = f"portal CKAN {url}"
        if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in _LOOPBACK:
            raise RefusedError(
                f"Alamat {self.name} tidak memakai https: tokennya akan terbaca di jaringan.",
                "Tulis publishers[].url dengan https://.",
            )
        self._url = url
        self._token = token
        self._organization = organization
        self._ca = ca
        self._timeouts = timeouts

    @contextlib.contextmanager
    def _portal(self) -> Iterator[Any]:
        with requests.Session() as session:
            # The environment's CA bundle would win over `verify`, and a .netrc over the token; proxies are wanted.
            session.trust_env = False
            session.proxies.update(get_environ_proxies(self._url))
            session.verify = str(self._ca) if self._ca else True
            yield RemoteCKAN(self._url, apikey=self._token, user_agent="jagadata", session=session)

    def check(self) -> None:
        with self._portal() as portal:
            self._organize(portal)

    def publish(self, package: DataPackage) -> Published:
        check_publishable(package.dataset, package.version)
        check_files(package)
        with self._portal() as portal:
            return self._publish(portal, package)

    def _publish(self, portal: Any, package: DataPackage) -> Published:
        code = package.dataset.code
        where, notes = f"{self._url.rstrip('/')}/dataset/{code}", []
        organization = self._organize(portal)
        there = self._call(portal, "package_show", {"id": code}, missing={})
        if not there:
            # Nobody sees it before it is whole.
            values = self._fields(package) | {"name": code, "owner_org": organization, "private": True}
            there = self._call(portal, "package_create", values)
            notes.append("Data baru di portal.")
        self._check_owner(there, organization, code)
        sent = [
            file.name for file in package.contents if self._send(portal, package, file, there["resources"])
        ]
        if sent:
            notes.append(f"Berkas yang dikirim: {', '.join(sent)}.")
            there = self._call(portal, "package_show", {"id": code})
        wanted = self._merge(there, package)
        if wanted != there:
            self._call(portal, "package_update", wanted)
            notes.append("Keterangan data diperbarui.")
        return Published(changed=bool(sent) or wanted != there, where=where, notes=tuple(notes))

    def _organize(self, portal: Any) -> str:
        """The organisation's id."""
        try:
            found = self._call(portal, "organization_show", {"id": self._organization})
        except RefusedError as error:
            if isinstance(error.__cause__, NotFound):
                raise RefusedError(
                    f"Organisasi '{self._organization}' tidak ada di {self.name}.",
                    "Buat organisasi itu di portal, atau perbaiki publishers[].organization.",
                ) from error
            raise
        return str(found["id"])

    def _check_owner(self, there: dict[str, Any], organization: str, code: str) -> None:
        if there.get("state", "active") != "active":
            raise RefusedError(
                f"Data '{code}' sudah dihapus di {self.name}, dan namanya masih terpakai di sana.",
                "Pulihkan atau bersihkan data itu di portal, atau tandai public: false di berkas kantor.",
            )
        if there.get("owner_org") != organization:
            raise RefusedError(
                f"Data '{code}' di {self.name} milik organisasi lain.",
                "Ganti kodenya di berkas kantor, atau pindahkan data itu di portal.",
            )

    # --- metadata ---

    def _fields(self, package: DataPackage) -> dict[str, Any]:
        dataset = package.dataset
        return {
            "title": dataset.name,
            "notes": dataset.definition,
            "author": package.agency,
            "maintainer": package.custodian,
            "license_id": package.terms,
            "version": package.version.label,
        }

    def _merge(self, there: dict[str, Any], package: DataPackage) -> dict[str, Any]:
        """The package as the portal shows it with our values: what others added stays. Equal to `there`: nothing is to be done."""
        ours = make_metadata(package.dataset, package.version, package.agency) | {_DONE: package.digest}
        extras = {one["key"]: one["value"] for one in there.get("extras", [])}
        wanted = {**there, **self._fields(package)}
        if _DONE not in extras:
            wanted["private"] = False  # later on that is the portal's own business
        if {**extras, **ours} != extras:
            wanted["extras"] = [{"key": key, "value": value} for key, value in {**extras, **ours}.items()]
        return wanted

    # --- files ---

    def _send(
        self, portal: Any, package: DataPackage, file: PackageFile, resources: list[dict[str, Any]]
    ) -> bool:
        """Upload a file unless the portal holds it already; found by its name."""
        there = next((one for one in resources if one.get("name") == file.name), None)
        if there and file.sha256 in (there.get(_MARK), there.get("hash")):
            return False
        ending = file.name.rpartition(".")[2]
        values = {
            "name": file.name,
            "format": _FORMATS[ending],
            "mimetype": _TYPES[ending],
            "size": file.bytes,
            "hash": file.sha256,
            _MARK: file.sha256,
            "description": f"{package.dataset.name}, {package.version.round.text}"
            if file.name != DESCRIPTOR
            else "Keterangan paket data (Frictionless Data Package)",
        }
        # resource_patch: what the portal and its staff added to the resource stays (update drops what is not sent).
        action = "resource_patch" if there else "resource_create"
        values |= {"id": there["id"]} if there else {"package_id": package.dataset.code}
        with (package.folder / file.name).open("rb") as source:
            self._call(portal, action, values, files={"upload": (file.name, source, _TYPES[ending])})
        return True

    # --- calls ---

    def _call(
        self,
        portal: Any,
        action: str,
        values: dict[str, Any],
        *,
        files: dict[str, Any] | None = None,
        missing: Any = None,
    ) -> Any:
        with self._explained(action):
            try:
                return portal.call_action(
                    action, values, files=files, requests_kwargs={"timeout": self._timeouts}
                )
            except NotFound:
                if missing is None:
                    raise
                return missing

    @contextlib.contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        """Errors of the portal as ours; a portal may repeat what it was sent, so the token is taken out."""
        try:
            yield
        except NotAuthorized as error:
            raise RefusedError(
                f"{self.name} tidak mengizinkan {action}.",
                f"Periksa token dan peran pemiliknya (editor pada organisasi '{self._organization}').",
            ) from self._clean(error)
        except NotFound as error:
            raise RefusedError(
                f"{self.name} tidak menemukan yang diminta {action}.", "Ulangi langkah 5."
            ) from error
        except ValidationError as error:
            raise RefusedError(
                f"{self.name} menolak {action}: {self._short(error.error_dict)}.",
                "Sesuaikan data itu di berkas kantor atau aturan portal (ukuran berkas: ckan.max_resource_size).",
            ) from self._clean(error)
        except requests.exceptions.SSLError as error:
            raise RefusedError(
                f"Sambungan TLS ke {self.name} tidak dapat dipercaya.",
                "Periksa publishers[].ca dan sertifikat portal.",
            ) from error
        except requests.exceptions.RequestException as error:
            raise UnreachableError(
                f"{self.name} tidak menjawab {action}: {type(error).__name__}.",
                "Periksa portal dan jaringannya, lalu ulangi.",
                transient=True,
            ) from error
        except CKANAPIError as error:
            raise JagadataError(
                f"{self.name} gagal mengerjakan {action}: {self._short(error)}.",
                "Periksa alamat portal dan catatan galat CKAN, lalu ulangi.",
                transient=True,
            ) from self._clean(error)

    def _short(self, answer: object) -> str:
        text = " ".join(str(answer).split())
        return (text.replace(self._token, "***") if self._token else text)[:300]

    def _clean(self, error: Exception) -> Exception | None:
        """The cause, unless it repeats the token."""
        return None if self._token and self._token in f"{error!r}{error}" else error

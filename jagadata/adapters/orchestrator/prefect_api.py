"""Prefect's REST API as far as the command line and the demo need it; the package itself never imports prefect."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_exponential,
    wait_fixed,
)

from jagadata.errors import NotFoundError, RefusedError, UnreachableError
from jagadata.ports.orchestrator import FlowRun, GateQuestion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_while_busy = Retrying(
    retry=retry_if_result(
        lambda answer: answer.status_code in (429, 503)
    ),  # refused before anything was done
    wait=wait_fixed(1),
    stop=stop_after_attempt(11),
    retry_error_callback=lambda state: (
        state.outcome and state.outcome.result()
    ),  # the last answer says what it is
)
_while_unreachable = Retrying(
    retry=retry_if_exception_type(UnreachableError),
    wait=wait_exponential(multiplier=0.5),
    stop=stop_after_attempt(5),
    reraise=True,
)
"""A server that starts again, or is busy (SQLite), is asked for up to 8 s."""


class PrefectApi:
    """A client of one Prefect server; address and auth from PREFECT_API_URL and PREFECT_API_AUTH_STRING by default."""

    def __init__(self, url: str = "", auth: str = "") -> None:
        url = url or os.environ.get("PREFECT_API_URL", "")
        if not url:
            raise RefusedError(
                "Alamat server Prefect belum diketahui.",
                "Isi PREFECT_API_URL, misalnya http://127.0.0.1:4200/api.",
            )
        auth = auth or os.environ.get("PREFECT_API_AUTH_STRING", "")
        user, _, password = auth.partition(":")
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, auth=(user, password) if auth else None, timeout=20)

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request; a server that is busy is asked again up to ten times, each second. Raises UnreachableError, RefusedError (login, refused input) or NotFoundError."""
        try:
            answer = _while_busy(self._client.request, method, path, json=body)
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"Server Prefect di {self.url} tidak menjawab.",
                "Periksa layanan jagadata-server dan PREFECT_API_URL.",
                transient=True,
            ) from error
        if answer.status_code in (429, 502, 503, 504):
            raise UnreachableError(
                f"Server Prefect di {self.url} sedang sibuk (HTTP {answer.status_code}).",
                "Coba lagi sebentar lagi.",
                transient=True,
            )
        if answer.status_code in (401, 403):
            raise RefusedError(
                f"Server Prefect di {self.url} menolak login.",
                "Isi PREFECT_API_AUTH_STRING (pengguna:sandi).",
            )
        if answer.status_code == 404:
            raise NotFoundError(
                f"Server Prefect tidak mengenal {path}.",
                "Periksa nomor run dengan `jaga pending`, atau jalankan `jaga apply`.",
            )
        if answer.is_error:
            raise RefusedError(
                f"Server Prefect menolak permintaan: {_reason(answer)}", "Perbaiki isian, lalu ulangi."
            )
        try:
            return answer.json() if answer.content else None
        except ValueError as error:  # such as the log-in page of a proxy
            raise RefusedError(
                f"Yang menjawab di {self.url} bukan server Prefect.",
                "Periksa PREFECT_API_URL: alamatnya berakhir dengan /api.",
            ) from error

    def run(self, deployment: str, parameters: dict[str, Any]) -> str:
        """Start `FLOW/NAME` with these parameters; returns the run's id."""
        flow, _, name = deployment.partition("/")
        found = self._get(f"/deployments/name/{quote(flow)}/{quote(name)}")
        return str(
            self.call("POST", f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters})["id"]
        )

    def read(self, run: str) -> FlowRun:
        return self._parse(self._get(f"/flow_runs/{quote(run)}"))

    def _get(self, path: str) -> Any:
        """A request that may be repeated."""
        return _while_unreachable(self.call, "GET", path)

    def _parse(self, value: dict[str, Any]) -> FlowRun:
        state = value.get("state") or {}
        flow = self._get(f"/flows/{value['flow_id']}")["name"]
        return FlowRun(
            id=value["id"],
            name=value["name"],
            flow=flow,
            state=state.get("name") or "",
            kind=state.get("type") or "",
            message=state.get("message") or "",
            since=state.get("timestamp") or "",
        )

    def pending(self) -> list[FlowRun]:
        """Runs that wait for a decision, the longest waiting first."""
        body = {
            "flow_runs": {"state": {"type": {"any_": ["PAUSED"]}}},
            "sort": "START_TIME_ASC",
            "limit": 200,
        }
        return [self._parse(value) for value in self.call("POST", "/flow_runs/filter", body)]

    def wait(self, run: str, states: Collection[str], seconds: float) -> FlowRun:
        """The run once its state's name or type is one of these. Raises UnreachableError when time is up."""
        end = time.monotonic() + seconds
        while True:
            found = self.read(run)
            if found.state in states or found.kind in states:
                return found
            if time.monotonic() > end:
                raise UnreachableError(
                    f"Run {run} masih '{found.state}' setelah {seconds:g} detik.",
                    "Periksa worker di UI Prefect.",
                )
            time.sleep(0.5)

    def gate(self, run: str, seconds: float = 10) -> GateQuestion:
        """What the run asks. Right after it suspended the form may not be saved yet, so it is asked for that long."""
        end = time.monotonic() + seconds
        while True:
            state = self._get(f"/flow_runs/{quote(run)}")["state"] or {}
            keys = (state.get("state_details") or {}).get("run_input_keyset") or {}
            try:
                schema = self._get(f"/flow_runs/{quote(run)}/input/{quote(keys['schema'])}")
                text = self._get(f"/flow_runs/{quote(run)}/input/{quote(keys['description'])}")
            except (KeyError, NotFoundError) as error:
                if time.monotonic() > end:
                    raise RefusedError(
                        f"Run {run} tidak sedang menunggu keputusan.",
                        "Lihat daftarnya dengan `jaga pending`.",
                    ) from error
                time.sleep(0.3)
                continue
            fields = schema["properties"]
            return GateQuestion(
                text=str(text),
                decisions=tuple(fields.get("keputusan", {}).get("enum", ())),
                signers=tuple(fields.get("penandatangan", {}).get("enum", ())),
            )

    def answer(
        self,
        run: str,
        decision: str,
        signer: str,
        note: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Answer the gate of a run; `values` are what else it asks for. Raises RefusedError with the server's reason; the run then still waits."""
        given = {**(values or {}), "keputusan": decision, "penandatangan": signer, "catatan": note}
        result = None
        for attempt in range(5):
            try:
                result = self.call("POST", f"/flow_runs/{quote(run)}/resume", {"run_input": given})
                break
            except UnreachableError:
                time.sleep(1 + attempt)
                if self.read(run).kind != "PAUSED":  # the lost answer was a yes
                    return
                if attempt == 4:
                    raise
        if isinstance(result, dict) and result.get("status") not in (None, "ACCEPT"):
            reason = (result.get("details") or {}).get("reason") or result.get("status")
            raise RefusedError(
                f"Server Prefect menolak keputusan: {reason}", "Lihat pilihan yang sah dengan `jaga pending`."
            )

    def deployment_tags(self, deployment: str) -> list[str] | None:
        """The tags of `FLOW/NAME`, or None if it is not deployed."""
        flow, _, name = deployment.partition("/")
        try:
            return list(self._get(f"/deployments/name/{quote(flow)}/{quote(name)}")["tags"])
        except NotFoundError:
            return None

    def has_worker(self, pool: str) -> bool:
        """A worker of this pool has reported lately."""
        try:
            found = self.call("POST", f"/work_pools/{quote(pool)}/workers/filter", {})
        except NotFoundError:
            return False
        return any(worker["status"] == "ONLINE" for worker in found)

    def ui_url(self, run: str) -> str:
        """The run's page in the UI."""
        return f"{self.url.removesuffix('/api')}/runs/flow-run/{run}"


def _reason(answer: httpx.Response) -> str:
    try:
        value = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    detail = value.get("detail") or value.get("exception_message") or value
    return str(detail)[:400]

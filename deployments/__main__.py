"""Set up what the flows need on a Prefect server, and deploy them: `python -m deployments` (`jaga apply`). Safe to run again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.exceptions import ObjectNotFound

from deployments.automations import set_automations
from deployments.schedule import set_schedules
from jagadata.office.file import deployment_digest, load_office

if TYPE_CHECKING:
    from jagadata.office.file import Office

ROOT = Path(__file__).parent.parent
"""Where the flows are found: the checkout, or the site-packages that the wheel went to."""
FILE = Path(__file__).with_name("prefect.yaml")


def set_work_pool(name: str) -> None:
    """A process pool of this name, made if it is missing."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(
                WorkPoolCreate(name=name, type="process", description="Worker SOP back up dan restore")
            )


def read_file() -> dict[str, Any]:
    """What prefect.yaml says."""
    value: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return value


def write_for_pool(pool: str, folder: Path) -> Path:
    """prefect.yaml for the office's own work pool: the one thing in it that `prefect deploy --all` takes from nowhere else."""
    value = read_file()
    for deployment in value["deployments"]:
        deployment["work_pool"]["name"] = pool
    path = folder / "prefect.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def deploy(file: Path) -> None:
    """Deploy everything in this prefect.yaml. Ends the program with Prefect's words if it refuses."""
    environment = {**os.environ, "PREFECT_LOGGING_LEVEL": "WARNING"}
    command = [
        sys.executable,
        "-m",
        "prefect",
        "--no-prompt",
        "deploy",
        "--all",
        "--prefect-file",
        str(file),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"prefect deploy gagal:\n{done.stdout}")


def mark_applied(office: Office) -> None:
    """Leave the digest of what was deployed as a tag, so that `jaga doctor` notices drift. Others' deployments are left alone."""
    tag = f"berkas-kantor:{deployment_digest(office)[:16]}"
    ours = {deployment["entrypoint"] for deployment in read_file()["deployments"]}
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            if deployment.entrypoint not in ours:
                continue
            tags = [item for item in deployment.tags if not item.startswith("berkas-kantor:")]
            client.update_deployment(deployment.id, DeploymentUpdate(tags=[*tags, tag]))


def main() -> None:
    office = load_office()
    set_work_pool(office.prefect.work_pool)
    with tempfile.TemporaryDirectory() as folder:
        deploy(write_for_pool(office.prefect.work_pool, Path(folder)))
    set_schedules(office)
    set_automations()
    mark_applied(office)
    print("Semua alur terpasang. Jalankan worker: prefect worker start --pool", office.prefect.work_pool)


if __name__ == "__main__":
    main()

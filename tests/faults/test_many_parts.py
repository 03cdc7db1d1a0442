"""Connections cut in the middle of 10,000 parts, up and down: resumed, the same bytes, bounded memory, stalls noticed in seconds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.lab.faults.part_server import PartServer

PART = 2**14
PARTS = 10_000
READ_TIMEOUT = 2
CUTS = {"half sent": 150, "lost": 170, "refused": 190}
"""Every so many-th part is cut in this way."""
STALLS = (2_500, 7_500)
CLIENT = """
import hashlib, json, resource, sys, time
from jagadata.adapters.s3.store import S3Store
endpoint, what, size, part, timeout = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
store = S3Store("utama", bucket="b", endpoint=endpoint, access_key="kunci", secret_key="rahasia", part_size=part,
                connect_timeout=2, read_timeout=timeout, timeout=30)
store.bucket.versioned()
before, begun, seen = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic(), hashlib.sha256()
longest = 0.0
def step(since):
    global longest
    longest = max(longest, time.monotonic() - since)
    return time.monotonic()
block, done, since = hashlib.shake_256(b"x").digest(999_983), 0, begun
if what == "up":
    with store.create("data/1") as upload:
        while done < size:
            piece = block[: size - done]
            seen.update(piece)
            upload.write(piece)
            done += len(piece)
            since = step(since)
        upload.commit()
else:
    with store.open("data/1") as stream:
        while piece := stream.read(2**20):
            seen.update(piece)
            done += len(piece)
            since = step(since)
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"sha256": seen.hexdigest(), "size": done, "mb": used / 1024, "seconds": time.monotonic() - begun, "longest": longest}))
"""


def carry(server, what):
    arguments = [server.endpoint, what, str(PART * PARTS - 5), str(PART), str(READ_TIMEOUT)]
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, *arguments], capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr[-2000:]
    print(what, dict(server.count), done.stdout)
    return json.loads(done.stdout)


def cut_part(number):
    if number in STALLS:
        return "silent"
    return next((kind for kind, every in CUTS.items() if number % every == 0), "")


def cut_answer(number):
    """Each download passes a little less than a megabyte; the tenth goes silent."""
    return -2 if number == 10 else 900_001


@pytest.mark.whole
@pytest.mark.timeout(600)
def test_ten_thousand_parts_outlive_every_cut_up_and_down(tmp_path):
    with PartServer(tmp_path, PART) as server:
        server.cut_part = cut_part
        up = carry(server, "up")
        assert len(server.parts) == PARTS
        assert server.size == up["size"] == PART * PARTS - 5
        assert server.count["PUT"] > PARTS + 150
        server.cut_answer = cut_answer
        down = carry(server, "down")
        assert (down["sha256"], down["size"]) == (up["sha256"], up["size"])
        assert server.count["GET"] > 100
        for one in (up, down):
            assert one["mb"] < 40
            assert one["longest"] < 4 * READ_TIMEOUT

"""A Prefect server that is busy or starts again is asked once more; what it did not do is never taken for done."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jagadata.adapters.orchestrator.prefect_api import PrefectApi
from jagadata.errors import RefusedError, UnreachableError


class Server(ThreadingHTTPServer):
    """Answers with these statuses in turn and then with 200; 0: hangs up."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = []
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        body = b'{"id": "1"}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api(server):
    api = PrefectApi(f"http://127.0.0.1:{server.server_port}/api")
    yield api
    api.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_since_it_did_nothing_yet(server, api, status):
    server.statuses = [status]
    assert api.call("POST", "/flow_runs/filter", {}) == {"id": "1"}
    assert server.asked == ["POST /api/flow_runs/filter"] * 2


@pytest.mark.parametrize("status", [0, 502, 504])
def test_a_request_that_may_have_been_carried_out_is_not_repeated(server, api, status):
    server.statuses = [status]
    with pytest.raises(UnreachableError) as caught:
        api.call("POST", "/deployments/1/create_flow_run", {})
    assert caught.value.transient
    assert len(server.asked) == 1


def test_a_look_is_repeated_while_the_server_starts_again(server, api):
    server.statuses = [0]
    assert api._get("/flow_runs/1") == {"id": "1"}
    assert len(server.asked) == 2


def test_what_the_server_refuses_is_not_asked_again(server, api):
    server.statuses = [422]
    with pytest.raises(RefusedError):
        api.call("POST", "/flow_runs/1/resume", {})
    assert len(server.asked) == 1

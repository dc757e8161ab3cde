"""One emulator for the whole run, a world of its own for each test, the official clients, and a real receiver."""

import http.server
import os
import queue
import re
import subprocess
import tempfile
import threading

# Azure DevOps' client keeps the list of routes on disk for half a day, in a folder that it fixes when it is imported.
_ROUTES = tempfile.TemporaryDirectory(prefix="azure-devops-cache-")
os.environ["AZURE_DEVOPS_CACHE_DIR"] = _ROUTES.name

import pytest
import requests

BIN = os.environ.get("PARHELION_BIN", "target/debug/parhelion")


@pytest.fixture(scope="session")
def server():
    """The binary on a free port; its first line of output is its URL."""
    process = subprocess.Popen(
        [BIN, "--listen", "127.0.0.1:0", "--seed", "42", "--log", "warn"], stdout=subprocess.PIPE, text=True
    )
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:"), url
    threading.Thread(target=process.stdout.read, daemon=True).start()
    yield url
    process.terminate()
    assert process.wait(timeout=30) == 0


@pytest.fixture
def world(server, request):
    """The URL of a world that only this test knows."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60].strip("-")
    url = f"{server}/_w/{name}"
    yield url
    requests.delete(f"{server}/_parhelion/worlds/{name}", timeout=10)


class Control:
    """The emulator's own API, for one world."""

    def __init__(self, url):
        self.url = f"{url}/_parhelion"

    def get(self, path, **query):
        answer = requests.get(f"{self.url}/{path}", params=query, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path, body=None):
        answer = requests.post(f"{self.url}/{path}", json=body or {}, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def put(self, path, body):
        answer = requests.put(f"{self.url}/{path}", json=body, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def idle(self):
        self.post("idle", {"timeout": "20s"})

    def explain(self, id):
        answer = requests.get(f"{self.url}/explain/{id}", headers={"accept": "text/plain"}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def control(world):
    return Control(world)


class Receiver:
    """A webhook receiver: a real HTTP server that keeps what it gets and answers as told."""

    def __init__(self):
        self.received = queue.Queue()
        self.status = 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.received.put((self.path, self.headers, body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def next(self):
        return self.received.get(timeout=15)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()

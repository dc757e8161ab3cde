"""The SCM site around Kudu's hooks: files, zips, settings, jobs, logs, who is let in; every route over the socket."""

import http.client
import io
import json
import re
import subprocess
import threading
import time
import zipfile
from urllib.parse import urlsplit

import pytest
import requests

from conftest import BIN, Control

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


def package(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return data.getvalue()


def call(world, method, path, **given):
    return requests.request(method, f"{world}/kudu/site/{path}", timeout=60, allow_redirects=False, **given)


def put_file(world, path, text):
    return call(world, "PUT", f"api/vfs/{path}", data=text, headers={"if-match": "*"})


def put_job(world, name, text="exit 0", file="run.cmd", kind="triggered"):
    headers = {"content-disposition": f"attachment; filename={file}"}
    return call(world, "PUT", f"api/{kind}webjobs/{name}", data=text, headers=headers)


# Method, path, status, content type and what the body begins with. `files`, `jobs`: what was made before.
ROUTES = [
    ("GET", "api/vfs/", 200, JSON, '[{"name":"LogFiles","size":0,'),
    ("GET", "api/vfs/site", 307, None, ""),
    ("GET", "vfs/site/wwwroot/a.txt", 200, "text/plain", "hello"),
    ("GET", "API/VFS/site/wwwroot/A.TXT", 200, "text/plain", "hello"),
    ("HEAD", "api/vfs/site/wwwroot/a.txt", 200, "text/plain", ""),
    ("GET", "api/vfs/site/none", 404, JSON, '{"Message":"\'/home/site/none\' not found."}'),
    ("PUT", "api/vfs/site/wwwroot/new.txt", 201, None, ""),
    ("PUT", "api/vfs/site/wwwroot/a.txt", 412, JSON, '{"Message":"Updating an existing resource requires'),
    ("PUT", "api/vfs/site/wwwroot/", 409, JSON, '{"Message":"The resource represents a directory'),
    ("DELETE", "api/vfs/site/wwwroot/", 409, JSON, '{"Message":"Cannot delete directory.'),
    ("DELETE", "api/vfs/site/wwwroot/?recursive=true", 200, None, ""),
    ("POST", "api/vfs/site/wwwroot/a.txt", 404, JSON, '"No route registered for \'/api/vfs/site/wwwroot/a.txt\'"'),
    ("PATCH", "api/vfs/site", 404, JSON, '"No route registered'),
    ("GET", "api/zip/site/wwwroot/", 200, "application/zip", "PK"),
    ("GET", "zip/site/wwwroot", 307, None, ""),
    ("GET", "api/zip/site/wwwroot/a.txt", 404, None, ""),
    ("PUT", "api/zip/site/wwwroot/", 400, JSON, '{"Message":"An error has occurred."'),
    ("POST", "api/command", 400, None, ""),
    ("GET", "api/settings", 200, JSON, '{"SCM_BUILD_ARGS":""'),
    ("GET", "settings/deployment_branch", 200, JSON, '"master"'),
    ("GET", "api/settings/none", 404, JSON, '{"Message":"The setting \'none\' does not exist."}'),
    ("POST", "api/settings", 400, None, ""),
    ("DELETE", "api/settings/none", 204, None, ""),
    ("GET", "api/environment", 200, JSON, '{"version":"'),
    ("GET", "info", 200, JSON, '{"Version":"'),
    ("GET", "api/isdeploying", 200, JSON, '{"value":"False","msg":""}'),
    ("GET", "api/scm/info", 200, JSON, '{"Type":'),
    ("POST", "api/scm/info", 405, JSON, '{"Message":"The requested resource does not support http method \'POST\'."}'),
    ("POST", "scm/clean", 204, None, ""),
    ("DELETE", "api/scm", 204, None, ""),
    ("GET", "api/logs/recent", 200, JSON, "[]"),
    ("GET", "logs/recent", 404, JSON, '"No route registered'),
    ("GET", "api/dump", 200, "application/zip", "PK"),
    ("GET", "api/diagnostics/settings", 200, JSON, '{"AzureDriveEnabled":false'),
    ("GET", "diagnostics/settings/AzureDriveTraceLevel", 200, JSON, '"Error"'),
    ("GET", "api/diagnostics/settings/none", 404, JSON, '{"Message":"The setting \'none\' does not exist."}'),
    ("DELETE", "api/diagnostics/settings/none", 204, None, ""),
    ("GET", "diagnostics/runtime", 200, JSON, '{"nodejs":[{"version":"'),
    ("GET", "api/sshkey", 200, JSON, '""'),
    ("PUT", "api/sshkey", 400, JSON, '{"Message":"An error has occurred."'),
    ("DELETE", "sshkey", 204, None, ""),
    ("GET", "api/processes", 200, JSON, '[{"id":1,"name":"w3wp"'),
    ("GET", "api/processes/1", 200, JSON, '{"id":1,'),
    ("GET", "api/diagnostics/processes/2", 404, JSON, '{"Message":"Process with an Id of 2 is not running."}'),
    ("GET", "api/siteextensions", 200, JSON, "[]"),
    ("GET", "api/siteextensions/x", 404, JSON, '{"Message":"x"}'),
    ("GET", "api/extensionfeed", 200, JSON, "[]"),
    ("GET", "api/functions", 200, JSON, "[]"),
    ("GET", "api/functions/none", 404, JSON, '{"Message":"An error has occurred."'),
    ("GET", "api/functions/admin/masterkey", 200, JSON, '{"masterKey":"'),
    ("POST", "api/functions/synctriggers", 200, JSON, '{"status":"success"}'),
    ("GET", "api/webjobs", 200, JSON, '[{"latest_run":null,"history_url":"'),
    ("GET", "api/triggeredwebjobs", 200, JSON, '[{"latest_run":null'),
    ("GET", "api/triggeredjobs/job", 200, JSON, '{"latest_run":null'),
    ("GET", "jobs/triggered/job", 200, JSON, '{"latest_run":null'),
    ("GET", "api/triggeredwebjobs/none", 404, None, ""),
    ("GET", "api/triggeredwebjobs/job/history", 404, None, ""),
    ("GET", "api/triggeredwebjobs/job/history/1", 404, None, ""),
    ("GET", "api/triggeredwebjobs/job/settings", 200, JSON, "{}"),
    ("POST", "api/triggeredwebjobs/job/run", 202, None, ""),
    ("POST", "api/triggeredwebjobs/none/run", 404, None, ""),
    ("PUT", "api/triggeredwebjobs/job", 400, TEXT, "Missing Content-Disposition header."),
    ("DELETE", "api/triggeredwebjobs/none", 200, None, ""),
    ("GET", "api/triggeredwebjobsswagger", 200, JSON, '{"swagger":"2.0"'),
    ("GET", "api/continuouswebjobs", 200, JSON, "[]"),
    ("GET", "api/continuouswebjobs/none", 404, None, ""),
    ("POST", "api/continuouswebjobs/none/start", 404, None, ""),
    ("POST", "api/continuouswebjobs/none/stop", 404, None, ""),
    ("GET", "triggeredwebjobs", 404, JSON, '"No route registered'),
    ("GET", "api/logstream/none", 404, JSON, '{"Message":"\'/home/LogFiles/none\' not found."}'),
]


@pytest.mark.parametrize("method, path, status, kind, body", ROUTES, ids=[f"{r[0]} {r[1]}" for r in ROUTES])
def test_each_route_answers_as_documented(world, method, path, status, kind, body):
    assert put_file(world, "site/wwwroot/a.txt", "hello").status_code == 201
    assert put_job(world, "job").status_code == 200
    answer = call(world, method, path)
    assert (answer.status_code, answer.headers.get("content-type")) == (status, kind), answer.text
    assert answer.content.startswith(body.encode()), answer.text
    assert body or not answer.content
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-ms-request-id"])


def test_tags_parts_and_conditions(world):
    tag = put_file(world, "d/a.txt", "0123456789").headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{16}"', tag)
    same = call(world, "GET", "api/vfs/d/a.txt", headers={"if-none-match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    part = call(world, "GET", "api/vfs/d/a.txt", headers={"range": "bytes=-3"})
    assert (part.status_code, part.text, part.headers["content-range"]) == (206, "789", "bytes 7-9/10")
    outside = call(world, "GET", "api/vfs/d/a.txt", headers={"range": "bytes=10-"})
    assert (outside.status_code, outside.headers["content-range"]) == (416, "bytes */10")
    head = call(world, "HEAD", "api/vfs/d/a.txt")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")
    stale = call(world, "PUT", "api/vfs/d/a.txt", data="x", headers={"if-match": '"0000000000000000"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, tag)
    after = call(world, "PUT", "api/vfs/d/a.txt", data="x", headers={"if-match": tag})
    assert after.status_code == 204 and after.headers["etag"] != tag


def test_addresses_keep_the_form_that_was_asked(world, server):
    put_file(world, "site/wwwroot/a b.txt", "1")
    (entry,) = [e for e in call(world, "GET", "api/vfs/site/wwwroot/").json() if e["name"] == "a b.txt"]
    assert entry["href"] == f"{world}/kudu/site/api/vfs/site/wwwroot/a%20b.txt"
    assert requests.get(entry["href"], timeout=30).text == "1"
    host = {"host": f"shop.scm.localhost:{urlsplit(server).port}"}
    listed = requests.get(f"{server}/api/vfs/site/", headers=host, timeout=30).json()
    assert listed[0]["href"].startswith(f"http://{host['host']}/api/vfs/site/")
    redirect = requests.get(f"{server}/api/vfs/site", headers=host, timeout=30, allow_redirects=False)
    assert redirect.headers["location"] == f"http://{host['host']}/api/vfs/site/"


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/x", "..%5c..%5cx", "/etc/passwd", "C:/x", "%00"],
)
def test_nothing_outside_the_site_is_reached(world, path):
    where = urlsplit(world)
    connection = http.client.HTTPConnection(where.netloc, timeout=30)
    for method in ["GET", "PUT", "DELETE"]:
        connection.request(method, f"{where.path}/kudu/site/api/vfs/{path}", body="x", headers={"if-match": "*"})
        answer = connection.getresponse()
        assert answer.status == 404, (method, answer.read())
        assert json.loads(answer.read())["Message"].endswith("not found.")


def test_a_truncated_upload_changes_nothing(world):
    put_file(world, "a.txt", "whole")
    where = urlsplit(world)
    connection = http.client.HTTPConnection(where.netloc, timeout=30)
    connection.putrequest("PUT", f"{where.path}/kudu/site/api/vfs/a.txt")
    connection.putheader("if-match", "*")
    connection.putheader("content-length", "1000")
    connection.endheaders(b"half")
    connection.close()
    time.sleep(0.2)
    assert call(world, "GET", "api/vfs/a.txt").text == "whole"


def test_a_run_ends_by_the_clock_and_is_told(world, control, receiver):
    control.put("clock", {"mode": "manual"})
    hook = {"url": receiver.url, "event": "TriggeredJobFinished"}
    call(world, "POST", "api/hooks", json=hook)
    put_job(world, "mail")
    run = call(world, "POST", "api/triggeredwebjobs/mail/run", headers={"user-agent": "tests/1"})
    assert requests.get(run.headers["location"], timeout=30).json()["status"] == "Running"
    assert call(world, "POST", "api/triggeredwebjobs/mail/run").status_code == 409
    assert receiver.received.empty()
    control.post("clock/advance", {"by": "50ms"})
    _, _, body = receiver.next()
    told = json.loads(body)
    assert list(told) == [
        "id", "name", "status", "start_time", "end_time", "duration", "output_url", "url", "job_name", "trigger",
    ]
    assert (told["status"], told["job_name"], told["trigger"]) == ("Success", "mail", "External - tests/1")
    assert told["duration"] == "00:00:00.0500000" and told["url"] == run.headers["location"]
    assert b'\r\n  "name": ' in body
    assert "Status changed to Success" in requests.get(told["output_url"], timeout=30).text
    (kept,) = call(world, "GET", "api/hooks").json()
    assert kept["last_status"] == "OK"
    story = control.explain(f"webjob:mail@{told['id']}")
    assert "the run ended well" in story, story


def test_behaviours_decide_runs(world, control, receiver):
    call(world, "POST", "api/hooks", json={"url": receiver.url, "event": "triggeredjobfinished"})
    put_job(world, "mail")
    outcomes = [{"outcome": "fail", "message": "no post today", "log": "one\ntwo"}, {"outcome": "hang"}]
    control.put("behaviours/mail", {"match": {"kind": "webjob", "job": "mail"}, "outcomes": outcomes})
    call(world, "POST", "api/triggeredwebjobs/mail/run")
    told = json.loads(receiver.next()[2])
    assert told["status"] == "Failed"
    log = requests.get(told["output_url"], timeout=30).text
    assert "INFO] two" in log and "SYS ERR ] no post today" in log
    call(world, "POST", "api/triggeredwebjobs/mail/run")
    control.idle()
    assert call(world, "GET", "api/triggeredwebjobs/mail").json()["latest_run"]["status"] == "Running"
    control.post("step", {"surface": "kudu"})
    assert json.loads(receiver.next()[2])["status"] == "Success"


def test_a_checkpoint_holds_files_jobs_and_settings(world, control):
    put_file(world, "site/wwwroot/kept.txt", "1")
    put_job(world, "job")
    call(world, "POST", "api/settings", json={"mode": "before"})
    control.post("snapshots", {"name": "here"})
    before = call(world, "GET", "api/vfs/site/wwwroot/").json()
    call(world, "POST", "api/zipdeploy", data=package({"new.txt": "2"}))
    put_file(world, "site/wwwroot/kept.txt", "changed")
    call(world, "POST", "api/triggeredwebjobs/job/run")
    call(world, "POST", "api/settings", json={"mode": "after"})
    call(world, "DELETE", "api/triggeredwebjobs/job")
    control.post("snapshots/here/restore")
    assert call(world, "GET", "api/vfs/site/wwwroot/").json() == before
    assert call(world, "GET", "api/vfs/site/wwwroot/kept.txt").text == "1"
    assert call(world, "GET", "api/settings/mode").json() == "before"
    assert call(world, "GET", "api/deployments").json() == []
    assert call(world, "GET", "api/triggeredwebjobs/job/history").status_code == 404
    assert call(world, "GET", "api/triggeredwebjobs/job").status_code == 200
    call(world, "POST", "api/settings", json={"API_KEY": "let me in", "open": "for all"})
    state = json.dumps(control.get("state/kudu/site"))
    assert "characters of base64" in state and "let me in" not in state and "for all" in state


def test_a_log_stream_goes_on(world):
    with requests.get(f"{world}/kudu/site/api/logstream", stream=True, timeout=60) as stream:
        lines = stream.iter_lines(chunk_size=1)
        assert next(lines).endswith(b"Welcome, you are now connected to log-streaming service.")
        threading.Timer(0.1, call, (world, "POST", "api/zipdeploy"), {"data": package({"a": "1"})}).start()
        assert any(b"Deployment successful." in line for line in lines)


def test_refusals_are_explained(world, control):
    put_file(world, "a.txt", "1")
    refused = call(world, "PUT", "api/vfs/a.txt", data="2")
    assert "the request has no If-Match" in control.explain(refused.headers["x-parhelion-request-id"])
    off = call(world, "POST", "api/command", json={"command": "id", "dir": "site"})
    assert off.json()["ExitCode"] == -1 and "disabled" in off.json()["Error"]
    assert "kudu.exec is off" in control.explain(off.headers["x-parhelion-request-id"])


@pytest.fixture
def started():
    """Starts servers of a test's own."""
    running = []

    def start(*flags):
        process = subprocess.Popen(
            [BIN, "--listen", "127.0.0.1:0", "--log", "warn", *flags], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        url = process.stdout.readline().strip()
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return url

    yield start
    for process in running:
        process.terminate()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("flags", [["--kudu-auth", "basic"], ["--auth", "strict"]])
def test_credentials_are_those_of_the_publish_profile(started, flags):
    url = started(*flags)
    refused = call(url, "GET", "api/hooks")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Basic realm="site"')
    profile = requests.get(f"{url}/_parhelion/surfaces/kudu/site/publish-profile", timeout=30).text
    password = re.search(r'userPWD="([^"]{60})"', profile).group(1)
    assert re.search(r'publishMethod="ZipDeploy" publishUrl="site\.scm\.localhost:\d+"', profile)
    assert call(url, "GET", "api/hooks", auth=("$site", password)).json() == []
    assert call(url, "GET", "api/hooks", auth=("$site", password[:-1])).status_code == 401
    assert call(url, "GET", "api/hooks", headers={"authorization": "Bearer any"}).status_code == 200
    assert "password is another" in json.dumps(Control(url).get("events", kind="request.refused"))


def test_commands_and_scripts_run_where_that_is_on(started, receiver):
    url = started("--kudu-exec", "--kudu-max-site-bytes", "100000")
    ran = call(url, "POST", "api/command", json={"command": "echo made > a.txt && cat a.txt", "dir": "site\\wwwroot"})
    assert ran.json() == {"Output": "made\n", "Error": "", "ExitCode": 0}
    assert call(url, "GET", "api/vfs/site/wwwroot/a.txt").text == "made\n"
    call(url, "POST", "api/hooks", json={"url": receiver.url, "event": "TriggeredJobFinished"})
    script = 'echo "$WEBJOBS_NAME got $1"; echo written > out.txt; exit 3'
    put_job(url, "job", script, "run.sh")
    call(url, "POST", "api/triggeredwebjobs/job/run?arguments=this")
    told = json.loads(receiver.next()[2])
    assert told["status"] == "Failed"
    log = requests.get(told["output_url"], timeout=30).text
    assert "INFO] job got this" in log and "Job failed due to exit code 3" in log
    assert call(url, "GET", "api/vfs/site/wwwroot/App_Data/jobs/triggered/job/out.txt").text == "written\n"
    full = call(url, "POST", "api/command", json={"command": "head -c 200000 /dev/zero > big", "dir": ""}).json()
    assert full["ExitCode"] == -1 and "kudu.max_site_bytes" in full["Error"]


def test_the_owner_sets_app_settings_elsewhere(world, control):
    path = "surfaces/kudu/site/app-settings"
    assert control.get(path) == {}
    assert control.put(path, {"COMMAND": "exit 1", "n": 5}) == {"COMMAND": "exit 1", "n": "5"}
    assert call(world, "GET", "api/settings/command").json() == "exit 1"
    call(world, "POST", "api/zipdeploy", data=package({"a": "1"}))
    assert call(world, "GET", "api/deployments").json()[0]["status"] == 3

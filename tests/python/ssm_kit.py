"""Secure Source Manager's official client over REST and over gRPC (blocking and asyncio), all with one face."""

import asyncio
import functools
import os
import re
import subprocess
import threading

import grpc
from google.api_core import operation, operation_async
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import securesourcemanager_v1 as ssm
from google.cloud.securesourcemanager_v1.services.secure_source_manager.transports import (
    SecureSourceManagerGrpcAsyncIOTransport,
    SecureSourceManagerGrpcTransport,
)

PROJECT = "my-project"
PLACE = f"projects/{PROJECT}/locations/us-central1"
TRANSPORTS = ["rest", "grpc", "grpc_asyncio"]


class Loop:
    """An event loop in a thread of its own, for the asyncio client."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, awaitable):
        async def wait():
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(timeout=60)

    def call(self, function, *arguments, **options):
        async def made():
            return function(*arguments, **options)

        return self.run(made())


class Client:
    """Every method of the client; `world` goes with each call, operations are waited for, pages are walked."""

    def __init__(self, transport, server, world, caller=None):
        self.name, self.loop = transport, None
        self.metadata = [("x-parhelion-world", world)]
        if caller:
            self.metadata.append(("x-goog-authenticated-user-email", f"accounts.google.com:{caller}"))
        if transport == "rest":
            self.client = ssm.SecureSourceManagerClient(
                transport="rest",
                credentials=AnonymousCredentials(),
                client_options=ClientOptions(api_endpoint=server),
            )
            return
        address = server.removeprefix("http://")
        if transport == "grpc":
            channel = grpc.insecure_channel(address)
            self.client = ssm.SecureSourceManagerClient(transport=SecureSourceManagerGrpcTransport(channel=channel))
            return
        self.loop = Loop()

        def made():
            channel = grpc.aio.insecure_channel(address)
            return ssm.SecureSourceManagerAsyncClient(transport=SecureSourceManagerGrpcAsyncIOTransport(channel=channel))

        self.client = self.loop.call(made)

    def __getattr__(self, name):
        return functools.partial(self._call, getattr(self.client, name))

    def _call(self, method, *arguments, **options):
        options.setdefault("timeout", 30)
        options.setdefault("retry", None)
        if self.loop is None:
            got = method(*arguments, metadata=self.metadata, **options)
        else:
            got = self.loop.run(method(*arguments, metadata=self.metadata, **options))
        if isinstance(got, operation.Operation):
            return got.result(timeout=30)
        if isinstance(got, operation_async.AsyncOperation):
            return self.loop.run(got.result(timeout=30))
        if hasattr(got, "__aiter__"):
            async def everything():
                return [item async for item in got]

            return self.loop.run(everything())
        return list(got) if hasattr(got, "pages") else got

    def operation(self, method, **options):
        """The operation as the call gave it, not waited for."""
        bound = getattr(self.client, method)
        if self.loop is None:
            return bound(metadata=self.metadata, timeout=30, **options).operation
        return self.loop.run(bound(metadata=self.metadata, timeout=30, **options)).operation

    def page(self, method, request):
        """One page as it came."""
        bound = getattr(self.client, method)
        if self.loop is None:
            return next(bound(request=request, metadata=self.metadata, timeout=30).pages)

        async def first():
            pager = await bound(request=request, metadata=self.metadata, timeout=30)
            async for page in pager.pages:
                return page

        return self.loop.run(first())


def world_name(request):
    return re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60].strip("-")


def instance_and_repository(client, repository_id="my-repo", **fields):
    client.create_instance(parent=PLACE, instance_id="my-instance", instance=ssm.Instance())
    return repository(client, repository_id, **fields)


def repository(client, repository_id="my-repo", **fields):
    made = ssm.Repository(instance=f"{PLACE}/instances/my-instance", **fields)
    return client.create_repository(parent=PLACE, repository_id=repository_id, repository=made)


def git(folder, *arguments, check=True):
    ran = subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env=os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not check or ran.returncode == 0, ran.stderr
    return ran


class Work:
    """A work tree of a repository."""

    def __init__(self, repository, folder, name="work"):
        git(folder, "clone", "-q", repository.uris.git_https, name)
        self.path = folder / name

    def git(self, *arguments, check=True):
        return git(self.path, *arguments, check=check)

    def tip(self, name="HEAD"):
        return self.git("rev-parse", name).stdout.strip()

    def commit(self, name, text, message=None):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message or f"Write {name}")
        return self.tip()

    def branch(self, name, at="main"):
        self.git("checkout", "-q", "-B", name, at)

    def push(self, *refs, check=True):
        return self.git("push", "origin", *refs, check=check)

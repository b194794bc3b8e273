"""The world outside, as far as tests need one: a server on this machine that notes what reaches it, and answers as it is told."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orchestration.models import Endpoint, EndpointHeader, Secret

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class Request:
    """What the server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A server on 127.0.0.1. `answers` are taken in turn, the last one again and again."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def will(self, *answers: Answer) -> None:
        self.answers[:] = answers


def says(status: int = 200, body: Any = None, **headers: str) -> Answer:
    """Answers with a status, JSON (or bytes as they are), and headers: `retry_after="7"`."""

    def answer(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def echoes(status: int = 200) -> Answer:
    """Answers with all that was sent, headers and body: what somebody careless, or curious, might do."""

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        sent = {"headers": dict(handler.headers.items()), "body": body.decode("utf-8", "replace")}
        says(status, sent)(handler, body)

    return answer


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server for as long as the block runs."""
    server = Server(answers=list(answers) or [says()])
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                server.requests.append(Request(self.command, self.path, dict(self.headers.items()), body))
                answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
            answer(self, body)

        do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

        def log_message(self, *_arguments: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    if tls is not None:
        listening.socket = tls.wrap_socket(listening.socket, server_side=True)
    server.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()


def secret(name: str, value: str) -> Secret:
    """A secret in the database."""
    kept = Secret(name=name)
    kept.keep(value)
    kept.save()
    return kept


def endpoint(server: Server, api_name: str = "helpdesk", *, token: str = "", **columns: Any) -> Endpoint:
    """An endpoint at the server, which the settings of the test have to trust; with a token if one is given."""
    columns = {"label": api_name.capitalize(), "url": f"{server.url}/api", "methods": ["GET", "POST"]} | columns
    made = Endpoint.objects.create(api_name=api_name, **columns)
    if token:
        EndpointHeader.objects.create(endpoint=made, name="Authorization", text="Bearer", secret=secret(f"{api_name}_token", token))
    return made


def slack_endpoint(value: str, api_name: str = "sales", channel: str = "#sales") -> Endpoint:
    """A Slack endpoint with a bot's token, or with the address of a webhook."""
    kept = secret(f"{api_name}_slack", value)
    return Endpoint.objects.create(api_name=api_name, label=api_name.capitalize(), kind="slack", secret=kept, channel=channel)

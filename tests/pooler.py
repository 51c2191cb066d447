"""A transaction pooler before PostgreSQL, as PgBouncer is one: each transaction goes to another server connection.

What a client leaves in its session – a prepared statement, a setting – it does not find again in the next transaction.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Literal

from sqlalchemy.engine import make_url

#: what PgBouncer does with settings at the start of a connection: refuse them, or skip them when it is told to
Settings = Literal["refuse", "ignore"]

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102


def _read(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise ConnectionError("closed")
        data += piece
    return data


def _message(sock: socket.socket) -> tuple[bytes, bytes]:
    """(type, the whole message)."""
    head = _read(sock, 5)
    return head[:1], head + _read(sock, struct.unpack("!I", head[1:])[0] - 4)


def _packed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


class Server:
    """One connection to the real server."""

    def __init__(self, path: str, user: str, database: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        body = struct.pack("!I", 196608) + f"user\0{user}\0database\0{database}\0\0".encode()
        self.sock.sendall(struct.pack("!I", len(body) + 4) + body)
        #: what the server says of itself, for clients
        self.greeting = b""
        while True:
            kind, message = _message(self.sock)
            if kind == b"E":
                raise ConnectionError(message)
            if kind in b"RSK":
                self.greeting += message
            if kind == b"Z":
                return

    def answer(self, request: bytes) -> tuple[bytes, bytes]:
        """What it answers up to its being ready again, and the state of its transaction (I: none)."""
        self.sock.sendall(request)
        replies = b""
        while True:
            kind, message = _message(self.sock)
            replies += message
            if kind == b"Z":
                return replies, message[5:6]


class Pooler:
    """Listens on a port of its own until it is closed. `url` as a client writes it."""

    def __init__(self, url: str, settings: Settings, servers: int = 3) -> None:
        parts = make_url(url)
        path = f"{parts.query['host']}/.s.PGSQL.{parts.query.get('port', parts.port or 5432)}"
        self._settings = settings
        self._servers = [Server(path, parts.username or "postgres", str(parts.database)) for _ in range(servers)]
        self._free = list(self._servers)
        self._turn = threading.Condition()
        #: the statement beside whose answer another one comes, once; empty: none
        self.surplus_at = b""
        self._numbers = itertools.count(1)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://{parts.username}@127.0.0.1:{self._listener.getsockname()[1]}/{parts.database}"
        #: transactions that went through
        self.transactions = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for server in self._servers:
            server.sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            if self._greet(client):
                while self._transaction(client):
                    self.transactions += 1

    def _greet(self, client: socket.socket) -> bool:
        while True:
            size, code = struct.unpack("!II", _read(client, 8))
            body = _read(client, size - 8)
            if code not in (_SSL, _GSS):
                break
            client.sendall(b"N")
        if code == _CANCEL:
            return False
        words = body.split(b"\0")
        if self._settings == "refuse" and b"options" in words[::2]:
            text = b"SFATAL\0C08P01\0Munsupported startup parameter in options: lock_timeout\0\0"
            client.sendall(_packed(b"E", text))
            return False
        client.sendall(self._servers[0].greeting + _packed(b"Z", b"I"))
        return True

    def _transaction(self, client: socket.socket) -> bool:
        """One transaction on one of the servers, never the same one twice; False at the client's end."""
        server: Server | None = None
        try:
            while True:
                request = b""
                while True:
                    kind, message = _message(client)
                    if kind == b"X":
                        return False
                    request += message
                    if kind in (b"Q", b"S"):
                        break
                server = server or self._take()
                replies, state = server.answer(request)
                if self.surplus_at and self.surplus_at in request:
                    # as a pooler that lost a server does
                    self.surplus_at, replies = b"", _packed(b"C", b"SET\0") + replies
                client.sendall(replies)
                if state == b"I":
                    return True
        finally:
            if server is not None:
                with self._turn:
                    # to the end of the row, behind the others
                    self._free.append(server)
                    self._turn.notify()

    def _take(self) -> Server:
        with self._turn:
            while not self._free:
                self._turn.wait()
            return self._free.pop(0)


@contextlib.contextmanager
def pooled(url: str, settings: Settings) -> Iterator[Pooler]:
    pooler = Pooler(url, settings)
    try:
        yield pooler
    finally:
        pooler.close()

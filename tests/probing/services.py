"""Real services that the tests start: FastAPI apps under uvicorn, each in a thread."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from pydantic import BaseModel, Field

Asgi = Callable[..., Awaitable[None]]


class House(BaseModel):
    """What is predicted from."""

    rooms: int = Field(ge=1, le=20)
    area: float = Field(gt=10)
    district: str = Field(examples=["north"])


class Price(BaseModel):
    """What is predicted."""

    price: float
    currency: str = "EUR"


def well_behaved(**settings: Any) -> FastAPI:
    """An app as it should be."""
    app = FastAPI(**settings)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/predict", response_model=Price)
    def predict(house: House) -> Price:
        assert house.district == "north"
        return Price(price=1000 * house.area)

    return app


def answering(reply: Callable[[House], Response], status: int = 200) -> FastAPI:
    """An app whose prediction is what the function says, whatever its document states."""
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/predict", response_model=Price, status_code=status)
    def predict(house: House) -> Response:
        return reply(house)

    return app


def trusting() -> FastAPI:
    """An app that takes anything, and fails where it is not what it thinks."""
    app = FastAPI()

    @app.post("/predict")
    def predict(payload: dict[str, float]) -> dict[str, float]:
        return {"price": 1000 * payload["area"]}

    return app


def endless(pause_s: float = 0.0) -> FastAPI:
    """An app whose health never comes to its end: at once, or in drips."""
    app = well_behaved()
    app.router.routes = [
        one for one in app.router.routes if getattr(one, "path", "") != "/health"
    ]

    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" if pause_s else b"x" * 65536
            await asyncio.sleep(pause_s)

    @app.get("/health")
    def health() -> StreamingResponse:
        return StreamingResponse(body(), media_type="application/json")

    return app


def elsewhere(where: str, status: int = 307) -> FastAPI:
    """An app that sends everybody to another address."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def go(path: str) -> RedirectResponse:
        return RedirectResponse(f"{where}/{path}", status_code=status)

    return app


def prose() -> FastAPI:
    """An app without a document that answers everything with words."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def say(path: str) -> PlainTextResponse:
        return PlainTextResponse("welcome")

    return app


class Sleepy:
    """An app that is not there yet for the first requests."""

    def __init__(self, app: FastAPI, times: int, status: int = 503) -> None:
        self.asked = 0
        self._app = app
        self._times = times
        self._status = status

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Any, send: Any
    ) -> None:
        """503 so often, then the app."""
        if scope["type"] == "http":
            self.asked += 1
            if self.asked <= self._times:
                headers = {"Retry-After": "2"}
                await JSONResponse({}, self._status, headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Counted:
    """An app that knows who asked it for what."""

    def __init__(self, app: FastAPI) -> None:
        self.requests: list[str] = []
        self.headers: list[str] = []
        self._app = app

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Any, send: Any
    ) -> None:
        """Counts, then the app."""
        if scope["type"] == "http":
            self.requests.append(f"{scope['method']} {scope['path']}")
            self.headers += [name.decode().lower() for name, _ in scope["headers"]]
        await self._app(scope, receive, send)


def free_socket() -> socket.socket:
    """A socket of this machine that nobody listens at."""
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    return found


@contextmanager
def serving(
    app: Asgi,
    at: socket.socket | None = None,
    root_path: str = "",
    certificate: Path | None = None,
) -> Iterator[str]:
    """The address of an app that is served as long as the context is open."""
    listener = at or free_socket()
    listener.listen()
    port = listener.getsockname()[1]
    scheme = "https" if certificate else "http"
    config = uvicorn.Config(
        app,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=0,
        root_path=root_path,
        ssl_certfile=certificate,
    )
    server = uvicorn.Server(config)
    # Connections wait in the listener's queue until the server takes them.
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"{scheme}://{'localhost' if certificate else '127.0.0.1'}:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        listener.close()

"""The pages people look at: the switchboard at `/`, the inbox at `/boite`, and the files they are made of.

The runs have theirs in run_pages.py.
"""

from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from labkit.base.addresses import hub_prefix, public_origin

STATIC = Path(__file__).parent / "static"
SWITCHBOARD = "/_lab"
RUNS = "/passages"
ADDRESSES = {"/": "pupitre.html", "/boite": "boite.html"}
DOCUMENTATION = ("/docs", "/redoc", "/openapi.json", "/static-offline-docs")
# Said here because Windows may hold another opinion of .js, and a browser then refuses the module.
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def headers() -> dict[str, str]:
    """JupyterLab shows these pages in a tab of its own: at another port of this machine, or at the hub's address."""
    frames = ["'self'", "http://127.0.0.1:*", "http://localhost:*"]
    if (origin := public_origin()) and not hub_prefix():
        frames.append(f"{origin}:*")
    return {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"base-uri 'none'; form-action 'none'; frame-ancestors {' '.join(frames)}"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }


def is_of_the_lab(path: str) -> bool:
    """Whether `path` belongs to the lab's own pages: they meet no fault, and are not counted."""
    own = (SWITCHBOARD, RUNS)
    return path in ADDRESSES or path in own or path.startswith((*(f"{one}/" for one in own), *DOCUMENTATION))


def routes() -> APIRouter:
    router = APIRouter(include_in_schema=False)
    for address, name in ADDRESSES.items():
        router.add_api_route(address, _page(name))

    @router.get(SWITCHBOARD + "/static/{name}")
    def file(name: str) -> FileResponse:
        if name not in {known.name for known in STATIC.iterdir()}:
            raise HTTPException(404)
        return _answer(name)

    return router


def _page(name: str):
    def page() -> FileResponse:
        return _answer(name)

    return page


def _answer(name: str) -> FileResponse:
    path = STATIC / name
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers())

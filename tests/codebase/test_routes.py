"""Routes: which application they belong to, their whole path, and what serves them."""

from collections.abc import Mapping

import pytest

from grader.codebase.routes import Served, served_of
from tests.conftest import MakeSnapshot

ROUTER = """\
from fastapi import APIRouter
router = APIRouter(prefix="/items")
@router.get("/health")
def health(): return {}
"""
APP = "from fastapi import FastAPI\napp = FastAPI()\n"
HEALTH = "@app.get('/health')\ndef health(): return {}\n"


def paths(served: Served) -> list[str]:
    """The routes as method and path, in order."""
    return [one.sight.what for one in served.routes]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"a.py": APP + HEALTH}, id="on the app"),
        pytest.param(
            {"a.py": "import fastapi as f\nx = f.FastAPI()\nx.add_api_route('/health', h)\n"
             "def h(): return {}\n"},
            id="added by a call",
        ),
        pytest.param(
            {"a.py": APP + "@app.api_route('/health', methods=['get'])\ndef h(): ...\n"},
            id="any method",
        ),
        pytest.param(
            {"a.py": APP + "from b import put\nput(app)\n",
             "b.py": "def put(target):\n    @target.get('/health')\n    def h(): ...\n"},
            id="handed to a function",
        ),
        pytest.param(
            {"a.py": "from fastapi import FastAPI\ndef make():\n    app = FastAPI()\n"
             "    @app.get('/health')\n    def h(): ...\n    return app\napp = make()\n"},
            id="in a factory",
        ),
        pytest.param(
            {"a.py": "from fastapi import FastAPI\nclass Api(FastAPI):\n    pass\n"
             "app = Api()\n" + HEALTH},
            id="a class of its own",
        ),
        pytest.param(
            {"a.py": "from fastapi import FastAPI\nPATH = '/hea' + 'lth'\napp = FastAPI()\n"
             "@app.get(path=PATH)\ndef h(): ...\n"},
            id="a path by name",
        ),
    ],
)  # fmt: skip
def test_a_route_is_found_however_it_is_made(
    files: Mapping[str, str], make_snapshot: MakeSnapshot
) -> None:
    assert paths(served_of(make_snapshot(files))) == ["GET /health"]


@pytest.mark.parametrize(
    ("included", "path"),
    [
        ("app.include_router(router)", "/items/health"),
        ("app.include_router(router, prefix='/v1')", "/v1/items/health"),
        ("app.include_router(router=router, prefix=unknown())", "/…/items/health"),
        (
            "outer = APIRouter(prefix='/api')\nouter.include_router(router, prefix='/v2')\n"
            "app.include_router(outer)",
            "/api/v2/items/health",
        ),
        (
            "inner = FastAPI()\ninner.include_router(router)\napp.mount('/sub', inner)",
            "/sub/items/health",
        ),
    ],
)
def test_prefixes_are_joined_from_the_app_down(
    included: str, path: str, make_snapshot: MakeSnapshot
) -> None:
    text = f"from fastapi import APIRouter, FastAPI\nfrom b import router\n{APP}{included}\n"
    snapshot = make_snapshot({"a.py": text, "b.py": ROUTER})
    assert paths(served_of(snapshot)) == [f"GET {path}"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"a.py": APP + "import b\n", "b.py": ROUTER}, id="not included"),
        pytest.param({"a.py": APP, "b.py": "from a import app\n" + HEALTH}, id="not imported"),
        pytest.param(
            {"a.py": APP + "def never():\n    app.include_router(router)\nfrom b import router\n",
             "b.py": ROUTER},
            id="included in a function that nothing calls",
        ),
        pytest.param({"tests/a.py": APP + HEALTH}, id="in tests"),
        pytest.param(
            {"a.py": "from fastapi import FastAPI\ndef make():\n    app = FastAPI()\n"
             "    @app.get('/health')\n    def h(): ...\n    return app\n"},
            id="in a factory that nothing calls",
        ),
    ],
)  # fmt: skip
def test_a_route_that_nothing_serves_is_none(
    files: Mapping[str, str], make_snapshot: MakeSnapshot
) -> None:
    assert paths(served_of(make_snapshot(files))) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Dockerfile", 'FROM x\nENTRYPOINT ["uvicorn"]\nCMD ["src.a:app"]\n'),
        (
            "Dockerfile",
            "FROM x\nCMD exec gunicorn -k uvicorn.workers.W \\\n  src.a:app\n",
        ),
        ("deploy/api.dockerfile", 'FROM x\nCMD ["fastapi", "run", "src/a.py"]\n'),
        ("Procfile", "web: uvicorn src.a:app --port $PORT\n"),
        ("render.yaml", "services:\n  - type: web\n    startCommand: uvicorn a:app\n"),
        (
            "docker-compose.yml",
            "services:\n  api:\n    command: [uvicorn, 'a:app']\n",
        ),
        ("Makefile", "serve:\n\t@poetry run uvicorn src.a:app\n"),
        ("start.sh", "cd src && PORT=1 python -m uvicorn a:app\n"),
        ("README.md", "```bash\n$ uvicorn src.a:app --reload\n```\n"),
        ("run.py", "import uvicorn\nuvicorn.run('src.a:app')\n"),
        (
            "run.py",
            "from uvicorn import run\nfrom src.a import app\n"
            "if __name__ == '__main__':\n    run(app)\n",
        ),
    ],
)
def test_of_two_applications_the_one_that_is_started_counts(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    other = APP + "@app.get('/other')\ndef other(): ...\n"
    snapshot = make_snapshot({"src/a.py": APP + HEALTH, "old.py": other, path: text})
    served = served_of(snapshot)
    assert paths(served) == ["GET /health"]
    assert [one.sight.path for one in served.idle] == ["old.py"]
    assert [one.sight.what for one in served.orphans] == ["GET /other"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("two/api/Dockerfile", "FROM x\nCOPY . .\nCMD uvicorn main:app\n"),
        ("two/api/Dockerfile", "FROM x\nCMD uvicorn main:app\n"),
        ("Dockerfile", "FROM x\nCOPY ./two/api /app\nCMD uvicorn main:app\n"),
        ("api.Dockerfile", "FROM x\nCOPY two/api/main.py .\nCMD uvicorn main:app\n"),
        ("two/Dockerfile", "FROM x\nADD api/ .\nCMD uvicorn main:app\n"),
        ("two/api/Procfile", "web: uvicorn main:app --port $PORT\n"),
        ("two/api/start.sh", "uvicorn main:app\n"),
    ],
)
def test_of_modules_of_one_name_that_is_meant_which_the_image_has_or_lies_beside(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    other = APP + "@app.get('/other')\ndef other(): ...\n"
    files = {"one/api/main.py": other, "two/api/main.py": APP + HEALTH, path: text}
    assert paths(served_of(make_snapshot(files))) == ["GET /health"]


def test_each_image_starts_the_module_of_its_own_folder(
    make_snapshot: MakeSnapshot,
) -> None:
    files = {}
    for name in ("one", "two", "three"):
        files[f"{name}/main.py"] = f"{APP}@app.get('/{name}')\ndef get(): ...\n"
        files[f"{name}/Dockerfile"] = "FROM x\nCOPY . .\nCMD uvicorn main:app\n"
    served = served_of(make_snapshot(files))
    assert sorted(paths(served)) == ["GET /one", "GET /three", "GET /two"]
    assert not served.idle


def test_a_module_beside_the_command_that_makes_no_app_is_passed_over(
    make_snapshot: MakeSnapshot,
) -> None:
    files = {"main.py": APP + HEALTH, "docker/main.py": "x = 1\n"}
    files["docker/Dockerfile"] = "FROM x\nCMD uvicorn main:app\n"
    assert paths(served_of(make_snapshot(files))) == ["GET /health"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Dockerfile", "FROM x\n# CMD uvicorn src.a:app\n"),
        ("Dockerfile", "FROM x\nCMD uvicorn src.a:app\nFROM y\nCMD python z.py\n"),
        ("README.md", "Start uvicorn src.a:app, then wait.\n"),
        ("run.py", "import uvicorn\ndef never():\n    uvicorn.run('src.a:app')\n"),
        ("render.yaml", "services: [\n"),
        ("render.yaml", "# uvicorn src.a:app\nservices: []\n"),
    ],
)
def test_words_are_no_start(path: str, text: str, make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({"src/a.py": APP + HEALTH, path: text})
    served = served_of(snapshot)
    assert served.servers == ()
    # Somebody starts it in a way that the repository does not say.
    assert paths(served) == ["GET /health"]


def test_a_factory_is_started_by_its_name(make_snapshot: MakeSnapshot) -> None:
    text = (
        "from fastapi import FastAPI\ndef make():\n    one = FastAPI()\n"
        "    @one.get('/health')\n    def h(): ...\n    return one\n"
    )
    start = 'FROM x\nCMD ["uvicorn", "--factory", "src.a:make"]\n'
    served = served_of(make_snapshot({"src/a.py": text, "Dockerfile": start}))
    assert paths(served) == ["GET /health"]


def test_other_frameworks_are_named(make_snapshot: MakeSnapshot) -> None:
    served = served_of(
        make_snapshot({"a.py": "import flask\napp = flask.Flask('a')\n"})
    )
    assert [one.what for one in served.others] == ["Flask"]
    assert served.apps == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def (:\n", id="no Python"),
        pytest.param(
            APP + "app.include_router(app)\nr = r\napp.include_router(r)\n", id="itself"
        ),
        pytest.param(
            "from fastapi import APIRouter\na = APIRouter()\nb = APIRouter()\n"
            f"a.include_router(b)\nb.include_router(a)\n{APP}app.include_router(a)\n",
            id="each other",
        ),
        pytest.param(
            APP + "app" + ".x" * 5_000 + ".get('/x')(1)\n", id="a chain of names"
        ),
        pytest.param(
            APP + "@app.get(" + "+".join(["'/a'"] * 800) + ")\ndef h(): ...\n",
            id="a path of many parts",
        ),
        pytest.param(
            "from fastapi import APIRouter\n"
            + "".join(f"r{n} = APIRouter()\n" for n in range(300))
            + "".join(f"r{n}.include_router(r{n + 1})\n" for n in range(299))
            + f"{APP}app.include_router(r0)\n",
            id="routers in routers",
        ),
    ],
)
def test_what_is_hostile_ends(text: str, make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({"a.py": text, "Dockerfile": "CMD [" * 400})
    assert len(served_of(snapshot).routes) <= 1

"""docs/settings.md and .env.example: every setting, from where it is read.

What a class of settings has is told by the text below each field; what is read elsewhere, by a comment there:
`# NAME [kind; default] meaning`, further lines indented. Nothing is told twice.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

from common.settings import PREFIX, ServiceSettings, refuse_weak
from native.services import CHOSEN, CHOSEN_BEGINNINGS, DEMO_DEFAULTS
from ops.backup import BackupSettings
from ops.copy import CopySettings
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

ROOT = Path(__file__).parent.parent
LAUNCHER = ROOT / "infra/native/native/settings.py"
COMPOSE = tuple(ROOT / f"docker-compose{over}.yml" for over in ("", ".production", ".copy"))
SERVICES = ("auth", "patients", "letters", "notify")
OPERATOR = "`quill`"
COMMENT = re.compile(r"^# ([A-Z][A-Z_]*) \[([^\];]+)(?:; ([^\]]*))?\] (.+(?:\n#   .+)*)", re.MULTILINE)
REQUIRED = "required"
UNITS = ("seconds", "hours", "days")
COLUMNS = ("| Setting | Read by | Kind | Default | Meaning | Taken by |", "|---|---|---|---|---|---|")
HEAD = """# Settings

Every setting is an environment variable. This page is generated from the code that reads them (`docs/generate.py`), and
so is [.env.example](../.env.example), which has the same in the form of an `.env`.

- **On a laptop**, export a variable or write it before the command (`QUILL_PORT=9000 make run`); `make run` reads no
  `.env`. The last column says what it takes; it sets the rest itself, and makes the secrets at its first start.
- **In containers**, what has `compose` in the last column goes into `.env`, which `infra/docker/make-env.sh` writes
  with every secret, also those of servers: passwords of databases, of NATS users and of EHRbase's administrator.
- **In Kubernetes**, settings of the services go into `settings` or `services.<name>.settings` of the chart's values,
  and the key that a secret has in the Secret into `services.<name>.secrets`
  ([kubernetes.md](kubernetes.md#choose-a-size-and-settings)).
- **Secrets** are of the kind *secret* and have no default. Every setting of the services and of `quill` can come from a
  file instead, named by `QUILL_<NAME>_FILE`.
- To auth, patients and notify, an empty value is no value; letters takes it, for a letterhead without lines or footer.
  A service that lacks a setting, or gets one that makes no sense, does not start; it names the variable, not its value.
"""
EXAMPLE_HEAD = """\
# Every setting with its default, generated from the code (docs/generate.py). docs/settings.md says the same, and which
# of them `make run` and docker compose take. For `make run`, export a variable or write it before the command
# (QUILL_PORT=9000 make run). docker compose reads .env: infra/docker/make-env.sh writes it, with every secret.
"""


@dataclass(frozen=True)
class Setting:
    """A variable of the environment."""

    name: str
    readers: str
    kind: str  # what it can be, in words
    default: str  # or REQUIRED; empty where there is none
    meaning: str

    @property
    def is_for_tests(self) -> bool:
        """Whether nobody else has a use for it."""
        return self.meaning.startswith("For tests")


def sections() -> Mapping[str, Sequence[Setting]]:
    """Every setting, below the heading under which it belongs."""
    services: Mapping[str, type[BaseSettings]] = {name: import_module(f"{name}.settings").Settings for name in SERVICES}
    own = {name: model.model_fields.keys() - ServiceSettings.model_fields.keys() for name, model in services.items()}
    jobs = (ROOT / "infra/nats/provision/__main__.py", ROOT / "libs/common/common/db.py")
    return {
        "The launcher (make run)": [*commented(LAUNCHER, readers="`make run`")],
        "Every service": [*of_model(ServiceSettings, ServiceSettings.model_fields.keys(), readers="every service")],
        **{name: [*of_model(model, own[name], readers=name)] for name, model in services.items()},
        "The operator's commands": [
            one
            for model in (BackupSettings, CopySettings)
            for one in of_model(model, meanings(model).keys(), readers=OPERATOR)
        ],
        "Jobs": [
            one for file, job in zip(jobs, ("provision", "migrations"), strict=True) for one in commented(file, job)
        ],
        "Caddy": [*commented(ROOT / "Caddyfile", readers="Caddy")],
        "Docker compose": [*commented(COMPOSE[0], readers="compose")],
    }


def of_model(model: type[BaseSettings], names: Container[str], readers: str) -> Iterator[Setting]:
    """These fields of a class, in its order.

    Raises:
        KeyError: one has no text below it.
    """
    told = meanings(model)
    shared = BackupSettings.model_fields.keys() - meanings(BackupSettings).keys()
    for name, field in model.model_fields.items():
        if name in names:
            who = f"{readers}, {OPERATOR}" if name in shared and model is not BackupSettings else readers
            yield Setting(PREFIX + name.upper(), who, kind(name, field), _default(field), told[name])


def meanings(model: type[BaseSettings]) -> Mapping[str, str]:
    """What stands below each field of a class, and of those that it extends."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseSettings) and one is not BaseSettings:
            tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
            body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
            found |= dict(_texts(body))
    return found


def _texts(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for member, below in pairwise(body):
        if isinstance(member, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            yield ast.unparse(member.target), " ".join(str(below.value.value).split())


def commented(file: Path, readers: str) -> Iterator[Setting]:
    """What the comments of a file say of the variables that are read there."""
    for name, what, default, text in COMMENT.findall(file.read_text()):
        yield Setting(name, readers, what, default, " ".join(text.replace("\n#", " ").split()))


def kind(name: str, field: FieldInfo) -> str:
    """What a field takes, in words."""
    parts = [*_parts(field.annotation), *field.metadata]
    if SecretStr in parts:
        is_key = any(getattr(part, "func", None) is refuse_weak for part in parts)
        return "secret of at least 32 characters" if is_key else "secret"
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    if bool in parts:
        return "`true` or `false`"
    if int in parts or float in parts:
        return _range(parts) + next((f" {unit}" for unit in UNITS if name.endswith(unit)), "")
    if ZoneInfo in parts:
        return "time zone"
    return "path" if Path in parts else "URL" if name.endswith("_url") else "text"


def _parts(annotation: Any) -> Iterator[Any]:
    """A type and what it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _range(parts: Sequence[Any]) -> str:
    bounds = {
        side: value for part in parts for side in ("ge", "le") if (value := getattr(part, side, None)) is not None
    }
    return f"{bounds['ge']} to {bounds['le']}" if "le" in bounds else f"at least {bounds['ge']}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return REQUIRED
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return "" if field.default is None else str(field.default)


def page() -> str:
    """docs/settings.md."""
    lines = [HEAD.rstrip("\n")]
    for title, settings in sections().items():
        lines += ["", f"## {title}", "", *COLUMNS, *map(_row, settings)]
    return "\n".join(lines) + "\n"


def _row(one: Setting) -> str:
    default = one.default if one.default in {"", REQUIRED} else f"`{one.default}`"
    cells = (f"`{one.name}`", one.readers, one.kind, default or "–", one.meaning, _takers(one.name) or "–")
    return f"| {' | '.join(cell.replace('|', '\\|') for cell in cells)} |"


def _takers(name: str) -> str:
    """Where a person can set it without starting each service, job or server on their own."""
    passed_on = name in {*CHOSEN, *DEMO_DEFAULTS} or name.startswith(CHOSEN_BEGINNINGS)
    is_run = passed_on or bool(re.search(rf"\b{name}\b", LAUNCHER.read_text()))
    is_compose = any(re.search(rf"(?<!\$)\$\{{{name}\b", file.read_text()) for file in COMPOSE)
    return ", ".join(["`make run`"] * is_run + ["compose"] * is_compose)


def example() -> str:
    """.env.example."""
    lines = [EXAMPLE_HEAD.rstrip("\n")]
    for title, settings in sections().items():
        lines += ["", f"# --- {title} ".ljust(120, "-")]
        for one in settings:
            if not one.is_for_tests:
                lines += textwrap.wrap(one.meaning, 118, initial_indent="# ", subsequent_indent="# ")
                lines.append(f"#{one.name}={one.default.removeprefix(REQUIRED)}")
    return "\n".join(lines) + "\n"

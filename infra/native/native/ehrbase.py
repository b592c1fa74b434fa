"""A real EHRbase started from a jar, on a cluster of the system's PostgreSQL: the wheel lacks ICU and uuid-ossp."""

from collections.abc import Mapping
from pathlib import Path

from native.errors import LaunchError
from native.home import Home
from native.http import answers
from native.java import find_java
from native.leftovers import mark
from native.openehr import SYSTEM_ID, TIER, USER, url
from native.postgres import Cluster
from native.process import Command, Program

_OLDEST_POSTGRES = 15
_DEBIAN_PACKAGE = "postgresql"
_JVM_OPTIONS = ("-Xmx512m", "-XX:TieredStopAtLevel=1")


def cluster(home: Home, *, port: int, password: str) -> Cluster:
    """A cluster of the newest PostgreSQL that the system has with uuid-ossp; raises LaunchError when there is none."""
    return Cluster(
        home, port=port, password=password, name="openehr-postgres", binaries=_binaries(), locale=("--locale=C.UTF-8",)
    )


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    for server in reversed(found):
        version = server.parts[4]
        extension = Path(f"/usr/share/postgresql/{version}/extension/uuid-ossp.control")
        if float(version) >= _OLDEST_POSTGRES and extension.exists():
            return server.parent
    raise LaunchError(
        f"EHRbase needs the system's PostgreSQL {_OLDEST_POSTGRES} or newer with ICU and uuid-ossp: "
        f"`apt install {_DEBIAN_PACKAGE}`."
    )


def program(home: Home, jar: Path, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> Program:
    """EHRbase with Basic authentication; its readiness includes the database."""
    java = find_java(
        at_least=25, purpose="EHRbase", packages="openjdk-25-jre-headless", variables=("QUILL_EHRBASE_JAVA_HOME",)
    )
    port = ports["openehr"]
    address = f"http://127.0.0.1:{port}/ehrbase/management/health/readiness"
    return Program(
        name="openehr",
        command=Command(
            argv=(str(java.tool("java")), *_JVM_OPTIONS, "-jar", str(jar)),
            env={**_environment(ports, secrets), **mark(home, "openehr")},
            cwd=home.root,
        ),
        port=port,
        ready=lambda: answers(address, seconds=5),
        tier=TIER,
        url=url(port),
        patience=180,
    )


def _environment(ports: Mapping[str, int], secrets: Mapping[str, str]) -> dict[str, str]:
    database = f"jdbc:postgresql://127.0.0.1:{ports['openehr-postgres']}/ehrbase"
    return {
        "SPRING_PROFILES_ACTIVE": "docker",
        "SERVER_ADDRESS": "127.0.0.1",
        "SERVER_PORT": str(ports["openehr"]),
        "SERVER_NODENAME": SYSTEM_ID,
        "DB_URL": f"{database}?connectTimeout=3&socketTimeout=20",
        "DB_USER": "ehrbase_restricted",
        "DB_PASS": secrets["database_ehrbase_restricted"],
        "DB_USER_ADMIN": "ehrbase",
        "DB_PASS_ADMIN": secrets["database_ehrbase"],
        "SPRING_DATASOURCE_HIKARI_CONNECTIONTIMEOUT": "2000",
        "SECURITY_AUTHTYPE": "BASIC",
        "SECURITY_AUTHUSER": USER,
        "SECURITY_AUTHPASSWORD": secrets["openehr_password"],
        "SECURITY_AUTHADMINUSER": "admin",
        "SECURITY_AUTHADMINPASSWORD": secrets["openehr_admin_password"],
        "EHRBASE_REST_AQL_DEFAULTLIMIT": "1000",
        "EHRBASE_REST_AQL_MAXLIMIT": "10000",
        "EHRBASE_REST_AQL_MAXFETCH": "10000",
        "MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE": "health",
        "MANAGEMENT_ENDPOINTS_WEB_ACCESS": "PUBLIC",
        "MANAGEMENT_ENDPOINT_HEALTH_ACCESS": "UNRESTRICTED",
        "MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED": "true",
        "MANAGEMENT_ENDPOINT_HEALTH_GROUP_READINESS_INCLUDE": "readinessState,db",
        "MANAGEMENT_HEALTH_DB_ENABLED": "true",
    }

"""The FHIR server: built from infra/fhir once, unpacked and archived so that later starts are quick."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from native.build import build_once, fingerprint
from native.errors import LaunchError
from native.home import Home
from native.http import answers
from native.java import Java, find_java
from native.leftovers import mark
from native.process import Command, Program, run_to_end
from native.settings import REPOSITORY

PROJECT = REPOSITORY / "infra" / "fhir"
_JAR = "fhir-server.jar"
_DEBIAN_PACKAGES = "default-jdk-headless maven"
_JVM_OPTIONS = "-Xmx512m -XX:TieredStopAtLevel=1"
_TIER = 1


@dataclass(frozen=True)
class FhirBuild:
    folder: Path
    java: Java

    @property
    def jar(self) -> Path:
        return self.folder / _JAR

    @property
    def archive(self) -> Path:
        """Classes as the JVM keeps them in memory (AppCDS); made from the first run."""
        return self.folder / "classes.jsa"


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/fhir"


async def build(home: Home, cache: Path) -> FhirBuild:
    """Build with Maven and unpack; a second copy with the same sources and Java finds it done."""
    java = find_java(at_least=17, purpose="The FHIR server", packages=_DEBIAN_PACKAGES)
    sources = [PROJECT / "pom.xml", *(path for path in (PROJECT / "src" / "main").rglob("*") if path.is_file())]
    target = cache / "fhir" / fingerprint(sources, root=PROJECT, also=java.version)
    return FhirBuild(folder=await build_once(target, lambda folder: _make(home, java, folder)), java=java)


async def _make(home: Home, java: Java, folder: Path) -> None:
    maven, log = shutil.which("mvn"), home.log("fhir-build")
    if maven is None or not java.tool("javac").exists():
        raise LaunchError(f"Building the FHIR server needs Maven and a JDK: `apt install {_DEBIAN_PACKAGES}`.")
    work = folder / "target"
    goals = ("--batch-mode", "--no-transfer-progress", "-DskipTests", f"-DbuildDirectory={work}", "package")
    env = {**os.environ, "JAVA_HOME": str(java.home)}
    package = Command(argv=(maven, "--file", str(PROJECT / "pom.xml"), *goals), env=env, cwd=folder)
    await run_to_end(package, what="Building the FHIR server", log=log, seconds=1800)
    unpack = ("-Djarmode=tools", "-jar", str(work / _JAR), "extract", "--destination", str(folder), "--force")
    await run_to_end(
        Command(argv=(str(java.tool("java")), *unpack), cwd=folder),
        what="Unpacking the FHIR server",
        log=log,
        seconds=60,
    )
    shutil.rmtree(work)


def program(home: Home, build: FhirBuild, *, ports: Mapping[str, int], password: str) -> Program:
    """The server on the fleet's PostgreSQL; without an archive of classes it notes down what one needs."""
    port = ports["fhir"]
    options = (os.environ.get("QUILL_FHIR_JAVA_OPTIONS") or _JVM_OPTIONS).split()
    shared = f"-XX:SharedArchiveFile={build.archive}" if build.archive.exists() else "-XX:+RecordDynamicDumpInfo"
    env = {
        "FHIR_PORT": str(port),
        "FHIR_DB_URL": f"jdbc:postgresql://127.0.0.1:{ports['postgres']}/fhir",
        "FHIR_DB_USER": "fhir",
        "FHIR_DB_PASSWORD": password,
        **mark(home, "fhir"),
    }
    return Program(
        name="fhir",
        command=Command(
            argv=(str(build.java.tool("java")), *options, shared, "-jar", str(build.jar)), env=env, cwd=home.root
        ),
        port=port,
        ready=lambda: answers(f"http://127.0.0.1:{port}/actuator/health", seconds=5),
        tier=_TIER,
        url=url(port),
        patience=480,
    )


async def archive_classes(home: Home, build: FhirBuild, *, pid: int) -> None:
    """Once per build: write the archive of the classes that the running server has loaded.

    It only makes later starts quicker, so a failure is left to its log and tried again at the next start.
    """
    if build.archive.exists() or not build.java.tool("jcmd").exists():
        return
    fresh = build.archive.with_name(f"classes-{pid}.jsa")
    command = Command(argv=(str(build.java.tool("jcmd")), str(pid), "VM.cds", "dynamic_dump", str(fresh)))
    with suppress(LaunchError):
        await run_to_end(command, what="Archiving the classes", log=home.log("fhir-build"), seconds=120)
        fresh.replace(build.archive)

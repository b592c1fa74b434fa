"""Finds a Java installation."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from native.errors import LaunchError


@dataclass(frozen=True)
class Java:
    home: Path
    version: str  # as it says itself, for example 17.0.15
    major: int

    def tool(self, name: str) -> Path:
        return self.home / "bin" / name


def find_java(
    *, at_least: int, purpose: str, packages: str, variables: tuple[str, ...] = ("QUILL_JAVA_HOME", "JAVA_HOME")
) -> Java:
    """The Java that the first set variable names, otherwise the one on PATH.

    One that is missing or too old raises LaunchError naming the Debian packages.
    """
    advice = f"{purpose} needs Java {at_least} or newer: `apt install {packages}`, or set {variables[0]}."
    home = _home(variables)
    if home is None:
        raise LaunchError(f"No Java was found. {advice}")
    java = _describe(home)
    if java is None or java.major < at_least:
        raise LaunchError(f"The Java in {home} is {java.version if java else 'not usable'}. {advice}")
    return java


def _home(variables: tuple[str, ...]) -> Path | None:
    for variable in variables:
        if chosen := os.environ.get(variable):
            return Path(chosen)
    found = shutil.which("java")
    return Path(found).resolve().parents[1] if found else None


def _describe(home: Path) -> Java | None:
    try:
        output = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=20).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "((\d+)[^"]*)"', output)
    return Java(home=home, version=match[1], major=int(match[2])) if match else None

"""Sets dawbridge up beside this file and runs it: `python3 bootstrap.py demo` or `python3 bootstrap.py test`.

Needs Python 3.11 or newer and pip, nothing else: the virtual environment, made on first use in `.venv`, holds the rest.
Any other words are passed to dawbridge: `python3 bootstrap.py generate "a dusty beat" --bars 4 --bpm 92`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)


def main(words: list[str]) -> int:
    """Set up what is missing, then run what was asked for; returns its exit code."""
    if sys.version_info < OLDEST:
        print(f"dawbridge needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")
        return 5
    testing = words[:1] == ["test"]
    set_up("test" if testing else "")
    if testing:
        return subprocess.run([PYTHON, "-m", "pytest", *words[1:]], cwd=HERE, check=False).returncode
    return subprocess.run([PYTHON, "-m", "bridge", *(words or ["--help"])], check=False).returncode


def set_up(extra: str) -> None:
    """Make the environment and install dawbridge into it, unless that was done for this very pyproject.toml."""
    wanted = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    done = VENV / f"installed{f'-{extra}' if extra else ''}.txt"
    if PYTHON.exists() and done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    if not PYTHON.exists():
        print("Setting up a virtual environment in .venv …", flush=True)
        make_environment()
    print("Installing dawbridge and what it needs (once; about a minute) …", flush=True)
    pip("install", "--quiet", "--disable-pip-version-check", "--editable", f"{HERE}[{extra}]" if extra else str(HERE))
    done.write_text(wanted, encoding="utf-8")


def make_environment() -> None:
    """A virtual environment; where Python came without ensurepip (Debian), one that the outer pip serves."""
    try:
        venv.EnvBuilder(with_pip=True).create(VENV)
    except (subprocess.CalledProcessError, SystemExit):
        venv.EnvBuilder(with_pip=False, clear=True).create(VENV)


def pip(*words: str) -> None:
    """Run pip for the environment: its own, or the one outside."""
    own = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    command = [PYTHON, "-m", "pip"] if own else [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    subprocess.run([*command, *words], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

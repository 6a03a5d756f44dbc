"""How long `dawbridge --help` takes, beside Python alone and beside what it stands on.

python benchmarks/cold_start.py [rounds]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
commands = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import typer'": [sys.executable, "-c", "import typer"],
    "pip --help": [sys.executable, "-m", "pip", "--help"],
    "dawbridge --help": [sys.executable, "-m", "bridge", "--help"],
}
took: dict[str, list[float]] = {name: [] for name in commands}
for _ in range(rounds):
    for name, command in commands.items():
        start_s = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took[name].append(time.perf_counter() - start_s)
own = took["dawbridge --help"]
for name, times in took.items():
    ratio = statistics.median(mine / theirs for mine, theirs in zip(own, times, strict=True))
    print(f"{name:26} median {statistics.median(times) * 1000:4.0f} ms   dawbridge takes {ratio:.2f}x as long")
print("(aim: dawbridge --help under 250 ms)")

"""What an idle daemon costs with two watched folders of 1,000 files: processor time and memory.

python benchmarks/idle.py [seconds]     (Linux: reads /proc)
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rig import clip, rig

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


with rig() as it:
    for number in range(2000):
        folder = it.hot if number < 1000 else it.hot / "bench"
        folder.mkdir(exist_ok=True)
        clip(folder / f".{number}.wav", 0.2, number)
        (folder / f".{number}.wav").replace(folder / f"clip{number:04}.wav")
    it.wait_for(2000, limit_s=1200)
    while sum("DONE" in told.read_text("utf-8") for told in it.hot.rglob("*.dawbridge.txt")) < 2000:
        time.sleep(1)
    time.sleep(10)
    daemon, before = it.process.pid, processor_s(it.process.pid)
    workers = children(daemon)
    time.sleep(seconds)
    used = processor_s(daemon) - before
    print(f"two watched folders of 1,000 files, {seconds:.0f} s, everything delivered")
    print(f"daemon   {used / seconds * 100:.2f} % of a core, {used / seconds * 60:.2f} s a minute   (aim: under 0.5 %)")
    print(f"daemon   {resident_mb(daemon):.0f} MB resident   (aim: under 90 MB)")
    for pid in workers:
        print(f"worker   {resident_mb(pid):.0f} MB resident")

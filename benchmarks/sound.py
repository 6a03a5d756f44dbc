"""The offline engine and the post chain on one core, beside ffmpeg's two-pass loudnorm where ffmpeg is installed.

    python benchmarks/sound.py [rounds]

Ours are timed warm, as in the daemon's worker; ffmpeg as the two processes that a script would start.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy, as in the worker

from rig import clip

from bridge.post import finish
from bridge.providers.sketch.render import render

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def timed(work: Callable[..., Any], *given: Any) -> float:
    start_s = time.perf_counter()
    work(*given)
    return time.perf_counter() - start_s


def loudnorm(source: Path, out: Path) -> None:
    """What a user would script instead: measure, then apply, at the same rate and depth."""
    wish = "loudnorm=I=-14:TP=-1:LRA=11"
    first = ["ffmpeg", "-hide_banner", "-i", str(source), "-af", f"{wish}:print_format=json", "-f", "null", "-"]
    said = subprocess.run(first, check=True, capture_output=True, text=True).stderr
    it = json.loads(re.findall(r"\{[^{}]+\}", said)[-1])
    known = f"measured_I={it['input_i']}:measured_TP={it['input_tp']}:measured_LRA={it['input_lra']}"
    applied = f"{wish}:{known}:measured_thresh={it['input_thresh']}:offset={it['target_offset']}:linear=true"
    second = ["ffmpeg", "-y", "-hide_banner", "-i", str(source), "-af", applied]
    subprocess.run([*second, "-ar", "48000", "-c:a", "pcm_s24le", str(out)], check=True, capture_output=True)


with tempfile.TemporaryDirectory(prefix="dawbridge-bench-") as folder:
    root = Path(folder)
    score = {"prompt": "mellow lo-fi hip hop", "seed": 3, "length_s": 30.0}
    sketch = [timed(render, {**score, "out": str(root / f"made{n}.wav")}) for n in range(rounds + 1)][1:]
    middle = statistics.median(sketch)
    print(f"sketch: 30 s of music in {middle:.2f} s, {30 / middle:.0f}x real time on one core (aim: 30x)")

    clip(root / "clip.wav", 30.0, 0, rate=44_100)
    wish = {"raw": str(root / "clip.wav"), "rate": 48_000, "level": "lufs"}
    chain, rival = [], []
    for number in range(rounds + 1):
        chain.append(timed(finish, {**wish, "out": str(root / f"out{number}.wav")}))
        if shutil.which("ffmpeg"):
            rival.append(timed(loudnorm, root / "clip.wav", root / "rival.wav"))
    print(f"post chain, 30 s, 44.1 → 48 kHz, to -14 LUFS: {statistics.median(chain[1:]):.3f} s")
    if rival:
        ratio = statistics.median(ours / theirs for ours, theirs in zip(chain[1:], rival[1:], strict=True))
        print(f"ffmpeg loudnorm, two passes: {statistics.median(rival):.3f} s; ours takes {ratio:.2f}x as long")
    else:
        print("ffmpeg is not installed: nothing to compare with")

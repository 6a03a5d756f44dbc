"""Real recordings through the hot folder: what went in, what came out, measured from the delivered files.

    python benchmarks/recordings.py FOLDER [most]

Takes sound files of every kind found below FOLDER, and an MP3 and an Ogg made of the longest one.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import soundfile
from rig import rig

from bridge.post import inspect

folder, most = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 14
kinds = defaultdict(list)
for path in sorted(folder.rglob("*")):
    if path.suffix.lower() in {".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3"}:
        it = soundfile.info(path)
        kinds[it.format, it.subtype, it.channels, it.samplerate].append((it.duration, path))
chosen = [sorted(of_kind)[-1 - nth][1] for nth in range(most) for of_kind in kinds.values() if nth < len(of_kind)][
    :most
]
longest = max(chosen, key=lambda path: soundfile.info(path).duration)

with rig() as bench:
    for path in chosen:
        shutil.copy(path, bench.hot / path.name)
    sound, rate = soundfile.read(longest, always_2d=True)
    soundfile.write(bench.hot / f"{longest.stem}-copy.mp3", sound, rate)
    soundfile.write(bench.hot / f"{longest.stem}-copy.ogg", sound, rate)
    dropped = sorted(
        path for path in bench.hot.iterdir() if path.suffix.lower() in {".wav", ".flac", ".aif", ".ogg", ".mp3"}
    )
    before = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in dropped}
    bench.wait_for(len(dropped))
    head = f"{'clip':34}{'format':>18}{'ch':>4}{'rate':>7}{'seconds':>9}   {'state':10}"
    print(head + f"{'ch':>3}{'rate':>7}{'samples ±':>10}{'LUFS':>7} →{'LUFS':>7}{'dBTP':>7}")
    for path in dropped:
        asked = soundfile.info(path)
        take = bench.rows(
            f"SELECT takes.* FROM takes JOIN jobs ON jobs.id = job_id WHERE source_sha256 = '{before[path]}'"
        )[0]
        line = f"{path.name[:33]:34}{asked.format + ' ' + asked.subtype:>18}{asked.channels:4}{asked.samplerate:7}"
        line += f"{asked.duration:9.3f}   {take['state']:10}"
        if take["path"]:
            was, now = inspect({"path": str(path)}), inspect({"path": take["path"]})
            off = now["frames"] - round(asked.frames * now["rate"] / asked.samplerate)
            levels = [f"{it['lufs']:.1f}" if it["lufs"] is not None else "-" for it in (was, now)]
            line += (
                f"{now['channels']:3}{now['rate']:7}{off:+10}{levels[0]:>7} →{levels[1]:>7}{now['true_peak_dbtp']:7.1f}"
            )
        else:
            line += f"  {take['error'] or take['reason']}"
        print(line)
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == before[path] for path in dropped), "an original changed"
    print(f"{len(dropped)} clips, every original unchanged")

"""Many clips at once: all delivered, none twice, how many a second.

python benchmarks/burst.py [clips]
"""

from __future__ import annotations

import sys
import time

from rig import clip, rig

clips = int(sys.argv[1]) if len(sys.argv) > 1 else 200
with rig() as it:
    for number in range(clips):
        clip(it.root / f"clip{number:03}.wav", 8.0, number)
    started_s = time.time()
    for number in range(clips):
        (it.root / f"clip{number:03}.wav").replace(it.hot / f"clip{number:03}.wav")
    it.wait_for(clips, limit_s=600)
    took_s = it.rows("SELECT max(at_s) AS at_s FROM transitions")[0]["at_s"] - started_s
    delivered = it.rows("SELECT count(*) AS n, count(DISTINCT path) AS files FROM takes WHERE state = 'delivered'")[0]
    files = len(list(it.project.glob("*.wav")))
    print(f"{clips} clips of 8 s dropped at once: {delivered['n']} takes delivered, {files} files")
    print(f"lost {clips - files}, twice {delivered['n'] - clips}")
    print(f"{took_s:.1f} s, {clips / took_s:.1f} clips a second, {clips * 8 / took_s:.0f}x real time")

"""What the bridge itself costs: from the clip's close to the delivered file, less the engine's own render time.

    python benchmarks/overhead.py [drops]

Each 30 s stereo clip is dropped when the one before has been delivered, as a producer would. The time of delivery is
the journal's, so nothing here adds to it; the engine's time is what its report says.
"""

from __future__ import annotations

import json
import sys
import time

from rig import clip, rig, spread

drops = int(sys.argv[1]) if len(sys.argv) > 1 else 50
with rig() as it:
    total, engine, chain = [], [], []
    for number in range(drops + 1):
        made = it.root / "made.wav"
        clip(made, 30.0, number)
        made.replace(it.hot / f"clip{number:03}.wav")
        closed_s = time.time()
        it.wait_for(number + 1)
        take = it.rows("SELECT * FROM takes ORDER BY created_s DESC LIMIT 1")[0]
        assert take["state"] == "delivered", take["error"]
        done_s = it.rows("SELECT max(at_s) AS at_s FROM transitions")[0]["at_s"]
        report = json.loads((it.root / "home/vault" / take["report_sha"][:2] / take["report_sha"]).read_text())
        if number:  # the first one starts the worker
            total.append(done_s - closed_s)
            engine.append(report["fetch_s"])
            chain.append(report["post"]["finish_s"])
        else:
            print(f"first drop, worker started cold: {done_s - closed_s:.2f} s in all")
    overhead = [whole - made for whole, made in zip(total, engine, strict=True)]
    print(f"{drops} drops of a 30 s stereo clip")
    print(f"close → delivered          {spread(total)}")
    print(f"the engine's render        {spread(engine)}")
    print(f"bridge overhead            {spread(overhead)}   (aim: p50 ≤ 250 ms)")
    print(f"of which the post chain    {spread(chain)}")

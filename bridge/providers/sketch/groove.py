"""The groove: where kick, snare and hats fall in any meter, as a drummer would feel it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from bridge.providers.sketch.plan import Plan
from bridge.providers.sketch.score import Hit, Time, dice
from bridge.tools.music import Meter

HUMAN_S = 0.004
PHRASE_BARS = 4


@dataclass(frozen=True)
class Pattern:
    """One bar's kick and snare, in quarter notes from the bar line, with velocities."""

    kicks: tuple[tuple[float, float], ...]
    snares: tuple[tuple[float, float], ...]


def pulses(meter: Meter) -> tuple[float, ...]:
    """The felt beats of a bar, in quarter notes from the bar line, closed by the bar's length.

    Quarters where the meter counts quarters or longer; threes and twos where it counts eighths or shorter, so that
    6/8 has two beats and 7/8 is felt 2+2+3.
    """
    if meter.unit <= 4:  # noqa: PLR2004 - quarter notes
        return tuple(float(beat) for beat in range(int(meter.quarters) + 1))
    counts = [3] * (meter.beats // 3) if meter.beats % 3 == 0 else [2] * (meter.beats // 2)
    if meter.beats % 3 and meter.beats % 2:
        counts = [*counts[:-1], 3] if counts else [1]
    return tuple(total * 4 / meter.unit for total in accumulate(counts, initial=0))


def swung(at_quarters: float, plan: Plan) -> float:
    """A straight position moved by the swing: only what lies between two swung beats moves."""
    unit = plan.genre.swing_quarters
    pair, inside = divmod(at_quarters, unit)
    share = inside / unit
    late = share * plan.swing * 2 if share <= 0.5 else plan.swing + (share - 0.5) * 2 * (1 - plan.swing)  # noqa: PLR2004
    return (pair + late) * unit


def pattern(plan: Plan, meter: Meter, *, answer: bool = False) -> Pattern:
    """The bar that is repeated, or the bar that answers it: the same kick with one more push."""
    chance = dice(plan.seed, 1)
    beats = pulses(meter)[:-1]
    kicks = _four(beats) if plan.beat == "four" else _backbeat_kicks(beats, meter, chance)
    if answer and plan.beat == "backbeat" and meter.quarters > 1:
        kicks = {**kicks, meter.quarters - (0.25 if chance.random() < 0.5 else 0.5): 0.62}  # noqa: PLR2004 - a coin
    snares = {beat: 1.0 for index, beat in enumerate(beats) if _is_back(index, len(beats))}
    return Pattern(tuple(sorted(kicks.items())), tuple(sorted(snares.items())))


def drum_hits(plan: Plan, time: Time) -> list[Hit]:
    """Every stroke of the piece, swung and humanised; kick, snare and beats stay on the grid to the sample."""
    chance = dice(plan.seed, 2)
    bars = [pattern(plan, time.meter, answer=False), pattern(plan, time.meter, answer=True)]
    hits: list[Hit] = []
    for bar in range(time.bars):
        start, played = time.bar_start(bar), bars[bar % 2]
        hits += [Hit(start + swung(at, plan), "kick", vel) for at, vel in played.kicks]
        snare = {"four": "clap", "brushes": "brush"}.get(plan.beat, "snare")
        hits += [Hit(start + at, snare, vel * chance.uniform(0.93, 1.0)) for at, vel in played.snares]
        hits += _hats(plan, time, start, chance)
        if bar % PHRASE_BARS == PHRASE_BARS - 1:
            hits += _fill(plan, time, start, chance)
    return hits


def _hats(plan: Plan, time: Time, start: float, chance: np.random.Generator) -> list[Hit]:
    hits = []
    for beat, following in pairwise(pulses(time.meter)):
        for step in np.arange(beat, following - 1e-9, 0.25):
            share = (step - beat) % 0.5
            ghost = share > 1e-9  # noqa: PLR2004 - rounding, not a note
            if ghost and chance.random() > 0.22:  # noqa: PLR2004 - about one ghost note a bar
                continue
            off_beat = step - beat > 1e-9  # noqa: PLR2004
            open_hat = plan.beat == "four" and not ghost and off_beat
            velocity = (0.3 if ghost else 0.62 if off_beat else 0.9) * chance.uniform(0.85, 1.08)
            late = chance.uniform(-HUMAN_S, HUMAN_S) if off_beat else 0.0
            hits.append(Hit(start + swung(float(step), plan), "open hat" if open_hat else "hat", velocity, late))
    return hits


def _fill(plan: Plan, time: Time, start: float, chance: np.random.Generator) -> list[Hit]:
    """The end of a phrase: soft strokes into the next bar line."""
    if time.meter.quarters <= 1:
        return []
    steps = [step for step in (0.75, 0.5, 0.25) if chance.random() < 0.6]  # noqa: PLR2004 - a little more than a coin
    end = start + time.meter.quarters
    ghosts = [Hit(start + swung(end - start - step, plan), "ghost", chance.uniform(0.25, 0.45)) for step in steps]
    return [*ghosts, Hit(start + swung(time.meter.quarters - 0.5, plan), "open hat", 0.5)]


def _four(beats: tuple[float, ...]) -> dict[float, float]:
    return dict.fromkeys(beats, 1.0)


def _backbeat_kicks(beats: tuple[float, ...], meter: Meter, chance: np.random.Generator) -> dict[float, float]:
    kicks = {beats[0]: 1.0}
    for index, beat in enumerate(beats[1:], 1):
        if _is_back(index, len(beats)):
            continue
        pushed = beat + 0.5 if chance.random() < 0.6 and beat + 0.5 < meter.quarters else beat  # noqa: PLR2004
        kicks[pushed] = 0.9
        if chance.random() < 0.35:  # noqa: PLR2004 - now and then a pick-up
            kicks[pushed - 0.75 if pushed > 1 else pushed] = 0.6
    return kicks


def _is_back(index: int, beats: int) -> bool:
    """Whether a beat carries the snare: the even ones, and the last of three."""
    return index == beats - 1 if beats == 3 else index % 2 == 1  # noqa: PLR2004

"""What the steps find out on the way: the report's raw material."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.post.meters import Meters
from bridge.tools.sound import Sound


@dataclass
class Notes:
    """One take's findings; the steps add to it as they measure."""

    source: Sound | None = None
    source_meters: Meters | None = None
    gain_db: float = 0.0
    gain_limited_by_ceiling: bool = False
    tempo: dict[str, Any] | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, sentence: str) -> None:
        """Tell the user something that they would want to know about this take."""
        self.warnings.append(sentence)

    def as_json(self) -> dict[str, Any]:
        """The report's part that the steps found out."""
        return {
            "gain_db": self.gain_db,
            "gain_limited_by_ceiling": self.gain_limited_by_ceiling,
            "tempo": self.tempo,
            "steps": self.steps,
            "warnings": self.warnings,
        }

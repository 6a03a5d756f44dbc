"""dawbridge: the bridge between a DAW and generative music services."""

from __future__ import annotations

__version__ = "0.1.0"

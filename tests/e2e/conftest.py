"""The studio's fixtures for this folder."""

from __future__ import annotations

from studio import site, studio

__all__ = ["site", "studio"]

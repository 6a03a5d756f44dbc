"""The current grid: what the DAW or a script last said of tempo and place; requests that name none inherit it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bridge.errors import Reject
from bridge.request import Grid
from bridge.tools.osc_codec import Value
from bridge.tools.schema import explain
from bridge.triggers.osc import words

HEARD = {"/tempo/raw": "bpm", "/loop/start/time": "position_s"}


class CurrentGrid:
    """Lives as long as the daemon: a DAW says it again when it (re)connects."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}

    def take(self, said: Mapping[str, Any]) -> None:
        """Lay fields over the current ones; None takes one away, nothing at all takes away all.

        Raises:
            Reject: what a request's own grid would be refused for; the current grid stays.
        """
        merged = {name: value for name, value in {**self.fields, **said}.items() if value is not None}
        try:
            Grid.model_validate(merged)
        except ValidationError as refusal:
            message, hint = explain(refusal, Grid)
            raise Reject("bad_request", message, hint) from refusal
        self.fields = merged if said else {}

    def hear(self, address: str, args: tuple[Value, ...]) -> bool:
        """Take a DAW's feedback in; what cannot be meant is passed over. Returns whether it is an address we know."""
        if (name := HEARD.get(address)) is None:
            return False
        if len(args) == 1 and isinstance(args[0], int | float):
            try:
                self.take({name: words.plain(args[0])})
            except Reject:
                return True
        return True

    def lend(self, fields: dict[str, Any], presets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """A request's fields with the current grid, when neither they nor their preset name one."""
        preset = presets.get(str(fields.get("preset")), {})
        if not self.fields or fields.get("grid") or preset.get("grid"):
            return fields
        return {**fields, "grid": dict(self.fields)}

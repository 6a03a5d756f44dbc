"""A refusal in one sentence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bridge.tools.schema import explain


class Amp(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    gain_db: float = 0.0
    kind: Literal["tube", "chip"] = "tube"
    as_: str = Field("amp", alias="as")


class Rack(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    main: Amp | None = None
    amps: tuple[Amp, ...] = ()
    notes: dict[str, Any] = {}

    @field_validator("name")
    @classmethod
    def _no_shouting(cls, name: str) -> str:
        if name.isupper():
            raise ValueError("do not shout")
        return name


@pytest.mark.parametrize(
    ("said", "sentence", "hint"),
    [
        ({}, "'name' is missing.", "Give it a value."),
        ({"name": "r", "amp": []}, "There is no field 'amp'.", "Did you mean 'amps'?"),
        ({"name": "r", "main": {"gian_db": 1}}, "There is no field 'main.gian_db'.", "Did you mean 'gain_db'?"),
        ({"name": "r", "amps": [{}, {"knd": 1}]}, "There is no field 'amps.1.knd'.", "Did you mean 'kind'?"),
        ({"name": "r", "main": {"az": 1}}, "There is no field 'main.az'.", "Did you mean 'as'?"),
        ({"name": "LOUD"}, "Do not shout.", ""),
        ({"name": ""}, "'name' must have at least 1 character, not ''.", ""),
        (
            {"name": "r", "main": {"gain_db": "hot"}},
            "'main.gain_db' must be a valid number, unable to parse string as a number, not 'hot'.",
            "",
        ),
        ({"name": "r", "main": {"kind": "fuzz"}}, "'main.kind' must be 'tube' or 'chip', not 'fuzz'.", ""),
        ([], "It must be a valid dictionary or instance of Rack, not [].", ""),
    ],
)
def test_each_refusal_is_a_sentence_with_a_next_step(said, sentence, hint):
    """The dotted name, what is wrong with it, and the nearest name where one was mistyped."""
    with pytest.raises(ValidationError) as refusal:
        Rack.model_validate(said)
    assert explain(refusal.value, Rack) == (sentence, hint)


def test_a_long_value_is_cut():
    """A megabyte in the wrong place does not become a megabyte of message."""
    with pytest.raises(ValidationError) as refusal:
        Rack.model_validate({"name": "r", "main": {"gain_db": "x" * 1_000_000}})
    assert len(explain(refusal.value, Rack)[0]) < 200

"""Turning a pydantic refusal into one sentence with the nearest name."""

from __future__ import annotations

import re
from typing import get_args

from pydantic import BaseModel, ValidationError

from bridge.errors import nearest

_SUBJECT = re.compile(r"^[A-Z][a-z]+ should")
"""How pydantic begins: "Input should be …", "String should have …"."""


def explain(refusal: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """The first fault of a refusal, as (sentence, next step); field names are dotted.

    A mistyped name goes first: it is why the right one is missing.
    """
    faults = refusal.errors()
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        name = str(fault["loc"][-1])
        return f"There is no field '{where}'.", nearest(name, _fields(model, fault["loc"][:-1]))
    if fault["type"] == "missing":
        return f"'{where}' is missing.", "Give it a value."
    if fault["type"] == "value_error":
        said = fault["msg"].removeprefix("Value error, ")
        return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?')) else '.'}", ""
    said = _SUBJECT.sub("must", fault["msg"], count=1)
    return f"{_named(where)} {said}, not {_short(fault['input'])}.", ""


def _fields(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    inner: type[BaseModel] | None = model
    for part in path:
        if inner is not None and isinstance(part, str) and part in inner.model_fields:
            inner = _model_in(inner.model_fields[part].annotation)
    return [field.alias or name for name, field in inner.model_fields.items()] if inner else []


def _named(where: str) -> str:
    return f"'{where}'" if where else "It"


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_in, get_args(annotation)) if found), None)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line's worth

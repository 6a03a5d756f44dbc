"""What the user has decided: one TOML file, read once, frozen.

`DAWBRIDGE_HOME` moves everything (settings, journal, vault, spool, keys) to another folder, so that a test or a second
profile touches nothing of the user's.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bridge.errors import ConfigError, nearest
from bridge.tools.schema import explain


def _folder(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as unknown:
        raise ValueError(f"there is no user for '{path}'") from unknown


Folder = Annotated[Path, AfterValidator(_folder)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A part of the settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Paths(Section):
    """What OSC and HTTP may read and write; the command line and DAW scripts act as the user."""

    read_roots: tuple[Folder, ...] = Field((Path("~/Music"),), validate_default=True, description="Readable folders.")
    write_roots: tuple[Folder, ...] = Field((Path("~/Music"),), validate_default=True, description="Writable folders.")


class HotFolder(Section):
    """A folder whose clips become takes."""

    path: Folder = Field(description="The folder to watch.")
    preset: str | None = Field(None, description="The preset for clips without a prompt of their own.")
    deliver_to: Folder | None = Field(None, description='Where takes land; default: a folder "… Out" beside it.')
    no_upload: bool = Field(False, description="Nothing from here may leave this machine.")

    @property
    def target(self) -> Path:
        """Where takes land."""
        return self.deliver_to or self.path.with_name(f"{self.path.name} Out")


class Caps(Section):
    """Money limits, checked in the transaction that reserves; rolling windows of 24 hours and 30 days."""

    take_usd: Dollars | None = Field(None, description="At most this for one take.")
    day_usd: Dollars | None = Field(5.0, description="At most this in any 24 hours.")
    month_usd: Dollars | None = Field(None, description="At most this in any 30 days.")


class Post(Section):
    """How a take is finished; a request may override each field."""

    level: Literal["match", "lufs", "peak", "off"] = Field("match", description="match: the source's loudness.")
    lufs: float = Field(-14.0, ge=-60, le=0, description="Target of `lufs`, and of `match` without a source, in LUFS.")
    peak_db: float = Field(-1.0, ge=-60, le=0, description="Target of `peak`, sample peak in dBFS.")
    ceiling_dbtp: float = Field(-1.0, ge=-20, le=0, description="No take's true peak is above this, in dBTP.")
    rate: int | None = Field(
        None, ge=8000, le=192000, description="Sample rate in Hz; default: the source's, else 48000."
    )
    trim: bool = Field(True, description="Cut silence at the ends; never inside a grid.")
    fade_in_ms: float = Field(2.0, ge=0, le=10000, description="Fade at the start, in ms.")
    fade_out_ms: float = Field(10.0, ge=0, le=60000, description="Fade at the end, in ms.")
    plugins: tuple[dict[str, Any], ...] = Field((), description='pedalboard effects in order: {name = "Reverb", …}.')


class Http(Section):
    """The loopback API that the command line, the page and scripts use."""

    port: int = Field(9501, ge=0, le=65535, description="TCP port on 127.0.0.1; 0: any free one.")


class Osc(Section):
    """The OSC front door: REAPER, Live, TouchOSC, Stream Decks, scripts."""

    enabled: bool = Field(True, description="Listen for OSC at all.")
    host: str = Field(
        "127.0.0.1", description="IPv4 address to listen on; 0.0.0.0: the whole network (needs a secret)."
    )
    port: int = Field(9500, ge=0, le=65535, description="UDP and TCP port; 0: any free one.")
    reply_port: int = Field(9000, ge=1, le=65535, description="UDP port where senders on other machines are answered.")
    secret: str | None = Field(None, description="Where other machines' secret is kept: env:NAME or file:PATH.")
    rate: float = Field(50.0, gt=0, le=100_000, description="Commands a second, from all senders together.")
    burst: int = Field(100, ge=1, le=100_000, description="Commands at once; beyond it the answer is `busy`.")


class Settings(Section):
    """All of it."""

    model: str = Field("sketch", description="provider or provider:model-id; sketch works offline and costs nothing.")
    local_only: bool = Field(False, description="Refuse every model that is not on this machine.")
    deliver_to: Folder = Field(
        Path("~/Music/dawbridge"), validate_default=True, description="Where takes land by default."
    )
    keep_days: int = Field(30, ge=0, description="How long the vault keeps what is done; then `dawbridge clean`.")
    paths: Paths = Field(default_factory=Paths, description="What OSC and HTTP may touch.")
    hot_folder: tuple[HotFolder, ...] = Field((), description="Folders to watch.")
    preset: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Named request fields; order = 1-8.")
    caps: Caps = Field(default_factory=Caps, description="Money limits.")
    post: Post = Field(default_factory=Post, description="How takes are finished.")
    http: Http = Field(default_factory=Http, description="The loopback API.")
    osc: Osc = Field(default_factory=Osc, description="The OSC front door.")
    providers: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Each provider's own section.")
    hosts: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Each host's own section.")
    daws: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Each DAW's own section.")

    def preset_fields(self, name: str) -> dict[str, Any]:
        """A preset's request fields.

        Raises:
            ConfigError: `unknown_preset`, with the nearest name.
        """
        if name not in self.preset:
            raise ConfigError("unknown_preset", f"There is no preset '{name}'.", nearest(name, self.preset))
        return self.preset[name]


def home() -> Path:
    """The folder that holds all state."""
    chosen = os.environ.get("DAWBRIDGE_HOME")
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_data_path("dawbridge", appauthor=False)


def settings_file() -> Path:
    """Where the settings are read from."""
    if os.environ.get("DAWBRIDGE_HOME"):
        return home() / "settings.toml"
    return platformdirs.user_config_path("dawbridge", appauthor=False) / "settings.toml"


def load(path: Path | None = None) -> Settings:
    """Read the settings; a file that is not there means the defaults.

    Raises:
        ConfigError: not TOML, an unknown key (with the nearest name), or a value out of range.
    """
    path = path or settings_file()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' editor writes the mark
    except FileNotFoundError:
        said = {}
    except OSError as fault:
        raise ConfigError("bad_settings", f"{path} cannot be read: {fault.strerror}.", "Check that file.") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigError("bad_settings", f"{path} is not valid TOML: {fault}.", "Mend that line.") from fault
    return read(said, str(path))


def read(said: dict[str, Any], where: str) -> Settings:
    """Check settings that came from `where`.

    Raises:
        ConfigError: see `load`.
    """
    try:
        return Settings.model_validate(said)
    except ValidationError as refusal:
        message, hint = explain(refusal, Settings)
        raise ConfigError("bad_settings", f"In {where}: {message}", hint or "Mend it and start again.") from refusal

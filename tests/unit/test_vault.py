"""The vault: what is in it is named by its content, whole, and there once."""

from __future__ import annotations

import hashlib
import subprocess
import threading

import pytest
from waiting import fill_up

from bridge.errors import Retry
from bridge.vault import Vault

LATER_S = 4e9
"""After anything that a test puts in."""


@pytest.fixture
def vault(home):
    """A new vault."""
    return Vault(home / "vault")


def put(vault, data: bytes) -> str:
    with vault.scratch() as path:
        path.write_bytes(data)
        return vault.adopt(path)


def left(vault):
    return list((vault.folder / "tmp").iterdir())


def test_a_sound_is_found_by_its_content(vault):
    """Its name is its SHA-256; nothing stays in the scratch folder."""
    sha = put(vault, b"sound")
    assert sha == hashlib.sha256(b"sound").hexdigest()
    assert vault.path(sha).read_bytes() == b"sound"
    assert left(vault) == []


def test_the_same_content_is_stored_once(vault):
    """A second adoption gives the same name and takes no room."""
    assert put(vault, b"sound") == put(vault, b"sound")
    assert vault.size() == (1, 5)
    assert left(vault) == []


def test_eight_at_once_store_it_once(vault):
    """Takes of one clip that capture it at the same moment."""
    gate, shas = threading.Barrier(8), []

    def work():
        gate.wait()
        shas.append(put(vault, b"sound" * 1000))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(shas), len(set(shas)), vault.size()) == (8, 1, (1, 5000))
    assert vault.path(shas[0]).read_bytes() == b"sound" * 1000


def test_a_stump_under_the_right_name_is_replaced(vault):
    """A file that a crash left empty (where there are no hard links) is not taken for the sound."""
    path = vault.path(hashlib.sha256(b"sound").hexdigest())
    path.parent.mkdir()
    path.touch()
    assert vault.path(put(vault, b"sound")).read_bytes() == b"sound"


def test_a_text_is_stored_as_utf_8(vault):
    """Reports read back as they were, and are named like everything else."""
    sha = vault.store('{"prompt": "däw 音"}')
    assert vault.text(sha) == '{"prompt": "däw 音"}'
    assert sha == hashlib.sha256('{"prompt": "däw 音"}'.encode()).hexdigest()


def test_scratch_is_removed_whatever_happens(vault):
    """A piece of work that fails leaves nothing; two never share a path."""
    seen = []

    def fail():
        with vault.scratch() as one, vault.scratch(".flac") as two:
            seen.extend([one, two])
            one.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.suffix for path in seen] == [".wav", ".flac"]
    assert seen[0].stem != seen[1].stem
    assert left(vault) == []


def test_what_a_killed_process_left_is_swept(vault):
    """Files in the scratch folder go, what is in the vault stays."""
    sha = put(vault, b"sound")
    for name in ("a.wav", "b.flac"):
        (vault.folder / "tmp" / name).write_bytes(b"half")
    assert vault.sweep() == 2
    assert left(vault) == []
    assert vault.path(sha).exists()


def test_clean_keeps_what_it_must(vault):
    """Everything else is gone, and its size is told."""
    shas = [put(vault, data) for data in (b"keep", b"old", b"older")]
    assert vault.clean({shas[0]}, LATER_S) == (2, 8)
    assert [vault.path(sha).exists() for sha in shas] == [True, False, False]
    assert vault.size() == (1, 4)
    assert vault.clean({shas[0]}, LATER_S) == (0, 0)


def test_a_dry_run_only_counts(vault):
    """The same numbers, and nothing removed."""
    put(vault, b"old")
    assert vault.clean(set(), LATER_S, dry_run=True) == (1, 3)
    assert vault.size() == (1, 3)


def test_clean_leaves_work_in_progress_alone(vault):
    """What is being written is nobody's to clean."""
    with vault.scratch() as path:
        path.write_bytes(b"half")
        assert vault.clean(set(), LATER_S) == (0, 0)
        assert path.exists()


def test_a_full_disk_waits_for_the_user(small_disk):
    """Said as a full disk, nothing half-stored, and it works once there is room."""
    vault, filler = Vault(small_disk / "vault"), small_disk / "filler"
    keep = put(vault, b"kept")
    fill_up(filler)
    with pytest.raises(Retry) as said:
        vault.store("x" * 100_000)
    assert (said.value.code, said.value.needs_user) == ("disk_full", True)
    assert vault.path(keep).read_bytes() == b"kept"
    assert (vault.size(), left(vault)) == ((1, 4), [])
    filler.unlink()
    assert vault.text(vault.store("x" * 100_000)) == "x" * 100_000


def test_a_read_only_vault_waits_for_the_user(small_disk):
    """A finished scratch file that cannot be taken in is said as the user's to put right."""
    vault = Vault(small_disk / "vault")
    path = vault.folder / "tmp" / "written.wav"
    path.write_bytes(b"sound")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Retry) as said:
        vault.adopt(path)
    assert (said.value.code, said.value.needs_user) == ("folder_denied", True)

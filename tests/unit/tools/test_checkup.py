"""A line of `doctor`."""

from __future__ import annotations

from bridge.tools.checkup import Finding


def test_what_is_merely_absent_is_no_fault():
    """`ok` has three answers, and a finding that works needs no next step."""
    absent, fine = Finding("reaper", None, "not installed"), Finding("sketch", ok=True, says="ready")
    assert absent.ok is None
    assert (fine.ok, fine.fix) == (True, "")

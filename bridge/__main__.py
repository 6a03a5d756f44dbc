"""The command `dawbridge`, and `python -m bridge`."""

from __future__ import annotations

import sys

from bridge.errors import BridgeError


def main() -> None:
    """Run the command line; every refusal is one sentence with a next step and its own exit code."""
    from bridge.cli import app, screen  # noqa: PLC0415 - importing bridge must stay cheap

    try:
        app()
    except BridgeError as said:
        screen.refuse(said)
        sys.exit(said.exit_code)
    except KeyboardInterrupt:
        sys.exit(screen.INTERRUPTED)


if __name__ == "__main__":
    main()

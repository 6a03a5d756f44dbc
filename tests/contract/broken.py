"""Ways in which somebody else's extension can be broken: name → its source."""

from __future__ import annotations

BROKEN = {
    "import": "import no_such_module_anywhere\n",
    "syntax": "def create(:\n",
    "raises": "1 / 0\n",
    "empty": "",
    "create": "def create(*these):\n    raise KeyError('a bug of theirs')\n",
    "misused": "from bridge.errors import Reject\ndef create(*these, bug=None, **more):\n    return bug.missing\n",
}

"""What a button does is done once, also when it is clicked twice.

Streamlit starts on a second click at once and gives up the first one's run at its next call: what that has done by then
stands, and the second run finds the form as it was before.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

from workbench.ui import live

T = TypeVar("T")
#: two clicks within this time are one; whoever wants the same again a moment later gets it
SPAN_S = 3.0
_MOST = 200


@dataclass
class _Act:
    lock: threading.Lock = field(default_factory=threading.Lock)
    done_at: float = -SPAN_S
    result: Any = None


_acts: OrderedDict[tuple[str, str, str], _Act] = OrderedDict()
_acts_lock = threading.Lock()


def do(name: str, arguments: Any, act: Callable[[], T]) -> T:
    """The act's result; that of this session's last such act when it is a moment ago. What it raises is not kept."""
    context = get_script_run_ctx()
    session = context.session_id if context else ""
    # arguments may hold a key
    digest = hashlib.sha256(json.dumps(arguments, sort_keys=True, default=str).encode()).hexdigest()
    key = (session, f"{name} in {live.settings().database_url}", digest)
    with _acts_lock:
        known = _acts.setdefault(key, _Act())
        _acts.move_to_end(key)
        while len(_acts) > _MOST:
            _acts.popitem(last=False)
    with known.lock:
        if time.monotonic() - known.done_at >= SPAN_S:
            known.result = act()
            known.done_at = time.monotonic()
        result: T = known.result
        return result

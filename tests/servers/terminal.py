"""A terminal that answers nothing, for programs that must not ask."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress

# What makes a terminal the one that questions are asked at: the first that the leader of a session opens.
_TAKE_THE_TERMINAL = "import os; os.close(os.open(os.ttyname(0), os.O_RDWR))"


def at_a_terminal(program: str) -> str:
    """What a Python program writes there until it ends; one that asks for a password fails the test."""
    terminal, its_end = pty.openpty()
    command = [sys.executable, "-c", f"{_TAKE_THE_TERMINAL}\n{program}"]
    process = subprocess.Popen(command, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True)
    os.close(its_end)
    written = b""
    with suppress(OSError):  # what Linux says when the program has ended
        while part := os.read(terminal, 4096):
            written += part
            if b"pass phrase" in written:
                process.kill()
    os.close(terminal)
    process.wait(30)
    return written.decode().strip()

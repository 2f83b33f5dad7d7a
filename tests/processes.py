"""What a test asks the system about a process that it has started."""

import re
import signal
from pathlib import Path


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has come so far that it handles this signal itself."""
    [caught] = re.findall(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.M)
    return bool(int(caught, 16) >> number - 1 & 1)

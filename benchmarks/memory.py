"""How much memory a process has held."""

from pathlib import Path


def peak_mb(pid: int | str = "self") -> float | None:
    """The most that it has held since its program began, in MB; None where the kernel does not say.

    Not `ru_maxrss`, which begins with what the process held that started it.
    """
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024

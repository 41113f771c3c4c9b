"""The clock of one process, set while it runs: libfaketime shifts its wall clock and leaves the monotonic one alone."""
import glob
from pathlib import Path


class Clock:
    """`environment` is what the process is started with; `set` moves its wall clock by so many seconds from the truth."""

    def __init__(self, file: Path, seconds: int = 0):
        (self.library,) = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        self.file = file
        self.set(seconds)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": self.library, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int):
        # In one piece: the process reads it at every look at its clock.
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n")
        new.rename(self.file)
        self.seconds = seconds

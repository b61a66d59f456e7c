"""Run a command and say, as one line of JSON, how long it took and how much memory it needed at most.

It is started as a small process of its own: on Linux a process inherits the memory peak of the one that
started it, and the benchmark itself is large. Standard library only.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    """``python child.py COMMAND…``"""
    began = time.monotonic()
    done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "peak_bytes": used.ru_maxrss * unit,
                "exit_code": done.returncode,
                "said": done.stderr.decode("utf-8", "replace")[-2_000:],
            }
        )
    )


if __name__ == "__main__":
    main()

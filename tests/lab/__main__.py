"""`python3 -m lab up | down | facts | wipe`: the domain from a shell."""
import json
import shutil
import sys

from lab import domain
from lab.settings import LAB


def main(command: str):
    if command == "up":
        print(json.dumps(domain.up(), ensure_ascii=False, indent=1))
    elif command == "facts":
        print(json.dumps(domain.facts(), ensure_ascii=False, indent=1))
    elif command == "down":
        domain.down()
    elif command == "wipe":
        domain.down()
        shutil.rmtree(LAB, ignore_errors=True)
    else:
        raise SystemExit(__doc__)


main(sys.argv[1] if len(sys.argv) == 2 else "")

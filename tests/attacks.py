#!/usr/bin/python3
"""Which attack case is held by which test: `attacks.py --write` writes docs/attack-cases.md, `--check` fails when it is stale
or when a case has neither a test nor a reason.

Cases are `attack-cases/cases.tsv`; a test belongs to a case by its name (`sec_xml_01_…` in Rust, `test_sec_xml_01_…` in Python);
reasons are `attack-cases/not-yet.tsv`: an id or a family (`WST-*`), a tab, the reason. A reason for a case that has a
test is stale and fails too, so the list only shrinks.
"""
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests/attack-cases"
TABLE = ROOT / "docs/attack-cases.md"
TEST = re.compile(r"(?:fn|def)\s+(?:test_)?((?:sec|also)_[a-z0-9_]+)")
ID = re.compile(r"([a-z]+)_(\d\d)(?=_|$)")
FAMILIES = {
    "XML": "XML input", "SIG": "Signatures and encryption", "SAML": "SAML 2.0", "WSF": "WS-Federation", "WST": "WS-Trust", "OIDC": "OAuth 2.0 and OpenID Connect",
    "JWT": "JSON web tokens", "AD": "Directory", "PWD": "Guessing and enumeration", "KRB": "Kerberos", "CRT": "Certificates of people", "SES": "Sessions",
    "WEB": "Web", "CFG": "Configuration and trust", "KEY": "Keys", "DOS": "Exhaustion", "LOG": "Logs", "F": "Faults",
}


def rows(name: str) -> list[list[str]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def tests() -> dict[str, list[tuple[str, str]]]:
    """Case id to (file, test): a name may carry several ids, `sec_xml_07_and_sec_sig_04_…`."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.rs", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = defaultdict(list)
    for file in sorted(listed.splitlines()):
        if not (ROOT / file).exists():
            continue
        for name in TEST.findall((ROOT / file).read_text(encoding="utf-8")):
            for part in name.split("sec_")[1:]:
                match = ID.match(part)
                if match:
                    found[f"{match[1].upper()}-{match[2]}"].append((file, name))
    return found


def reason_for(case: str, reasons: dict[str, str]) -> str | None:
    return reasons.get(case) or reasons.get(case.split("-")[0] + "-*")


def main(mode: str) -> int:
    cases, reasons, found = dict(rows("cases.tsv")), dict(rows("not-yet.tsv")), tests()
    faults = [f"{case} ({cases[case]}) has neither a test nor a reason" for case in cases if case not in found and not reason_for(case, reasons)]
    faults += [f"{case}: {found[case][0][1]} is there, so its reason in not-yet.tsv must go" for case in reasons if case in found]
    faults += [f"{case} is no case: {', '.join(name for _, name in found[case])}" for case in found if case not in cases]
    faults += [f"not-yet.tsv names {case}, which is no case" for case in reasons if not case.endswith("*") and case not in cases]
    text = table(cases, reasons, found)
    if mode == "--write":
        TABLE.write_text(text, encoding="utf-8")
    elif not TABLE.exists() or TABLE.read_text(encoding="utf-8") != text:
        faults.append("docs/attack-cases.md is stale: tests/attacks.py --write")
    print("\n".join(faults))
    print(f"{sum(case in found for case in cases)} of {len(cases)} cases have tests, {len(faults)} faults")
    return 1 if faults else 0


def table(cases, reasons, found) -> str:
    lines = [
        "# Attack cases and faults", "",
        "Made by `tests/attacks.py --write`; `tests/run` checks it. A test carries the id of its case: `sec_xml_01_…` holds XML-01.", "",
    ]
    family = None
    for case, what in cases.items():
        if case.split("-")[0] != family:
            family = case.split("-")[0]
            lines += ["", f"## {FAMILIES[family]}", "", "| id | what arrives | held by |", "|---|---|---|"]
        lines.append(f"| {case} | {what.replace('|', chr(92) + '|')} | {held_by(found.get(case, []), reason_for(case, reasons))} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def held_by(held: list[tuple[str, str]], reason: str | None) -> str:
    if not held:
        return f"not yet: {reason}" if reason else "**nothing**"
    files = sorted({file for file, _ in held})
    return ", ".join(f"`{file}`" for file in files)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("--write", "--check"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))

"""A real Active Directory for the tests: two Samba domain controllers on loopback addresses.

`python3 -m lab up` (in `tests/`) provisions, fills and starts it, and prints its facts as JSON; a second run
starts what is not running. State lives in `tests/.state/lab`; a tar of the freshly made domain beside it
makes later runs quick. Needs root (a private mount namespace gives the controllers their own
`/etc/hosts` and `/etc/resolv.conf`; the machine's own files stay as they are).
"""

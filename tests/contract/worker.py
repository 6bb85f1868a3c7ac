"""`manage.py sync --wait` as a process that is ready before it is told to begin, by a line on its standard input.

Starting Django takes longer than the work that is to be disturbed. Yuki shows here at once what it took, as in the
tests of this folder.
"""

import sys

import django


def main() -> None:
    django.setup()
    from django.core.management import call_command

    from . import world

    world.show_at_once(setattr)
    sys.stdin.readline()
    call_command("sync", wait=True)


if __name__ == "__main__":
    main()

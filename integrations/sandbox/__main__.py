"""Run the sandbox as a process: `python -m integrations.sandbox --port 9100 --state FILE`."""

from .command import main

if __name__ == "__main__":
    raise SystemExit(main())

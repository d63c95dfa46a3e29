"""Lets `python -m authjwks` run the command line."""

import sys

from authjwks.cli import main

sys.exit(main())

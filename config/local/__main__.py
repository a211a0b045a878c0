"""`make run`."""

import sys

from config.local import supervisor

sys.exit(supervisor.main())

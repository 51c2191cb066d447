"""All tables together, for what asks about every one of them: migrations, prunes, checks."""

from __future__ import annotations

from workbench.db.rollup_tables import waste_sum

#: the tables of the rollups build on all others: where they are declared, everything is
metadata = waste_sum.metadata

"""A project as one file: written out whole, read in again with everything checked first, and copied in its home.

What an archive holds, and what it never does, is said in docs/archives.md.
"""

from __future__ import annotations

from workbench.archives.export import ExportReport, export
from workbench.archives.importing import ImportReport, duplicate, read_in

__all__ = ["ExportReport", "ImportReport", "duplicate", "export", "read_in"]

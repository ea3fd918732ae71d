"""The blocks of docs/readers.md, which are run as they stand."""

import re
from pathlib import Path

BLOCK = re.compile(r"^```python read (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(path):
    """Name and code of each block, in the order of the page."""
    return BLOCK.findall(Path(path).read_text())

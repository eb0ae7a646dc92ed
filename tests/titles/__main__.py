"""`make titles`: the titles of the corpus, judged; of a folder or a file of one's own with its path behind it."""

import sys
from pathlib import Path

from tests.titles.judge import CORPUS, entries, judged, table

if __name__ == "__main__":
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    print(table(judged(entry) for entry in entries(corpus) if entry["kind"] != "probe"))

"""Exit 0 when the URL given answers 200: a health check for images that carry neither curl nor wget."""

import sys
from urllib.request import urlopen

if __name__ == "__main__":
    try:
        with urlopen(sys.argv[1], timeout=8) as answer:  # noqa: S310 - the address stands in docker-compose.yml
            sys.exit(answer.status != 200)
    except OSError:
        sys.exit(1)

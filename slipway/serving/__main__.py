"""Serve the champion of a releases folder, or one bundle: `python -m slipway.serving releases/cancer --port 8000`."""

import argparse
import sys
from pathlib import Path

from slipway.errors import SlipwayError
from slipway.product.reading import check_section
from slipway.product.serve import Serve
from slipway.serving.server import serve, serve_bundle
from slipway.stage import die_with_parent


def main() -> int:
    """Serve until a signal ends it; 1 if it cannot start."""
    defaults = Serve()
    parser = argparse.ArgumentParser(prog="python -m slipway.serving", description=__doc__)
    parser.add_argument("folder", type=Path, help="releases/<name>, or one bundle")
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port, help="0 takes a free one and prints it")
    parser.add_argument("--threads", type=int, default=defaults.threads, help="threads of one inference")
    parser.add_argument("--max-records", type=int, default=defaults.max_records, help="records of one request")
    parser.add_argument("--max-body-mib", type=float, default=defaults.max_body_mib, help="size of one request")
    parser.add_argument("--with-parent", action="store_true", help="end when the process that started it does (Linux)")
    words = vars(parser.parse_args())
    folder = words.pop("folder")
    if words.pop("with_parent"):
        die_with_parent()
    try:
        params = check_section(words, Serve, where="serve")
        (serve_bundle if (folder / "model.onnx").exists() else serve)(folder, params)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Find the project that commands and flows work on, and the products in it."""

import os
from pathlib import Path

import yaml


def find_root() -> Path:
    """Return the project's root: SLIPWAY_ROOT, or the nearest folder upwards that holds products/products.yaml."""
    named = os.environ.get("SLIPWAY_ROOT")
    here = Path(named or ".").resolve()
    for folder in [here] if named else [here, *here.parents]:
        if (folder / "dvc.yaml").is_file() and (folder / "products" / "products.yaml").is_file():
            return folder
    from slipway.errors import SlipwayError  # not above: the code snapshot is taken before this is imported

    where = f"SLIPWAY_ROOT={named}" if named else f"{here} or above it"
    raise SlipwayError(
        f"no slipway project in {where}: dvc.yaml and products/products.yaml mark one. Go to it, or set SLIPWAY_ROOT."
    )


def products(root: Path) -> list[str]:
    """Return the names in products/products.yaml.

    Raises:
        SlipwayError: it is no YAML, or no list of names under `products:`.
    """
    from slipway.errors import SlipwayError

    path = root / "products" / "products.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SlipwayError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    names = content.get("products") if isinstance(content, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise SlipwayError(f"{path} must list one product or more under its key, as `products: [cancer]`")
    return names


def check_product(root: Path, name: str) -> None:
    """Refuse a name that is no product, and a product that lacks a file, or whose params.yaml or suites are wrong.

    All that can be known without the data is checked before the first stage starts, not as each stage comes.
    """
    from slipway.errors import SlipwayError
    from slipway.product.params import read_params
    from slipway.suites.staying import require_staying
    from slipway.suites.suite import read_suite

    if name not in products(root):
        raise SlipwayError(f"'{name}' is no product: products/products.yaml lists {', '.join(products(root))}")
    folder = Path(os.path.relpath(root / "products" / name))
    params = read_params(folder / "params.yaml")
    for needed in ("raw.suite.yaml", "clean.suite.yaml", "source", "code"):
        if not (folder / needed).exists():
            raise SlipwayError(f"{folder / needed} does not exist: each product needs one. Make it, or put it back.")
    read_suite(folder / "raw.suite.yaml")
    clean = folder / "clean.suite.yaml"
    require_staying(params, read_suite(clean), params_file=folder / "params.yaml", clean_file=clean)

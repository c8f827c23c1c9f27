"""`python -m image_import_cli` is `image-import`."""

import sys


def main() -> None:
    """Run the command; without its extra, say in a sentence what to install."""
    try:
        from image_import_cli.main import main as run  # noqa: PLC0415 - may be absent
    except ModuleNotFoundError as exc:
        if exc.name not in {"click", "rich"}:
            raise
        sys.exit(
            f"Error: {exc.name} is not installed; the commands need their extra: "
            "pip install '.[cli]' in a clone"
        )
    run()


if __name__ == "__main__":
    main()

"""`python -m image_import_cli` is `image-import`."""

from image_import_cli.main import main

main()

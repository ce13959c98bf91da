"""Describe /v1 (OpenAPI 3.1): `python -m nostro.api.describe > docs/openapi.json`."""

from __future__ import annotations

import json
import os
import sys
import tempfile


def description() -> str:
    """The OpenAPI document as kept in docs/. Django must be set up."""
    from nostro.api.door import v1

    schema = v1.get_openapi_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Describe without an installation: settings need a home, a throw-away one will do."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["NOSTRO_HOME"] = home
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nostro.settings")
        import django

        django.setup()
        sys.stdout.write(description())


if __name__ == "__main__":
    main()

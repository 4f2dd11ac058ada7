"""The remote API, described (OpenAPI 3.1)."""

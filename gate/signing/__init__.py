"""Signed documents: envelopes, keys, and issuing entitlements."""

"""The rules: terms, features, entitlements, decisions. Pure: standard library only; reads no clock, opens no file."""

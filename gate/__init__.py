"""The licence domain: rules, signed entitlements, the gate that decides, and the clock everything reads."""

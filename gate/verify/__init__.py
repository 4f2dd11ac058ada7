"""The verifier: proves from outside, by what a user would notice, what an expiry stops and what goes on."""

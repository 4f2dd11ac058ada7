"""Benchmarks: programs that measure beside a peer and the floor, in one run. They assert nothing."""

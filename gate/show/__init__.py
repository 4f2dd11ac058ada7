"""The show board: a demo site on one page, for a stand; it works from outside, as any visitor's program could."""

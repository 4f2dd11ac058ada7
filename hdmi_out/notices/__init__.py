"""Events on the monitor: following the recorder's, which of them pop up, and their small pictures."""

"""The device's side of licensing: the gate that decides, the leases it gives out, the licence file it watches."""

"""What can be done, one module a noun: each operation is one function in one transaction, and says why it refuses."""

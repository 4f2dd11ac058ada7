"""What the service keeps: tables, transactions, migrations, and the ledger with what it adds up to."""

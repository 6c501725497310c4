"""What a person or a restore changes by hand. Imports `inbox`, `database`."""

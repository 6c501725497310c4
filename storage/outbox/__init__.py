"""Messages to send and calls to make: claimed in order, performed, settled by receipts. Imports `inbox`."""

"""What is to be sent and called: claimed in order, performed, settled by receipts. Imports `inbox`, below."""

"""All code for Shopify: orders and acts written as requests, answers read, and its API behind a client."""

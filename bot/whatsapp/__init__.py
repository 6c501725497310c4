"""All that is WhatsApp's: webhook bodies in, Graph API payloads out. Only `client` touches the network."""

"""The WhatsApp channel: webhook bodies in, Graph API payloads out. Only `client` touches the network."""

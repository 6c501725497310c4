"""The WhatsApp channel: parses webhook bodies, builds Graph API payloads. Only `client` uses the network."""

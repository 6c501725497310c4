"""The bot as a process: settings, HTTP, the WhatsApp channel, the workers and the command line."""

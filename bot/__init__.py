"""The shell: settings, HTTP, the WhatsApp channel, the workers, the sandbox world and the command line."""

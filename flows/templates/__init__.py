"""The language of templates and guards: a closed part of Jinja2, compiled at load. Imports `document`."""

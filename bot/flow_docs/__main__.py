"""Writes the JSON Schema of flow files and the page of the language: `python -m bot.flow_docs`."""

from bot.flow_docs.files import FILES

for path, text in FILES.items():
    path.write_text(text(), "utf-8")

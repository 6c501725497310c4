"""The console: the shop's pages in a browser, in a process of their own.

It reads the books, and asks the server for changes. It needs the extra `console`; the bot does not import it.
"""

"""How a server is told of runs event by event; see docs/server-protocol.md."""

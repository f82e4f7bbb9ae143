"""How is the outside touched? One outside thing, one module."""

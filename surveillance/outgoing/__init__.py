"""Where the server may connect to of what people type on pages."""

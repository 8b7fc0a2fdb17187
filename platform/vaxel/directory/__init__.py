"""The directory: addresses, components, routes, permissions (spec/directory.md). Pure."""

"""The catalogue of service contracts (spec/contracts.md). Pure."""

import Testing

/// Everything with real guests: one after the other, for they share a machine and look at what is left on it.
@Suite(.serialized) struct IntegrationTests {}

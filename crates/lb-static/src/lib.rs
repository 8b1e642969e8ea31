//! Publishers whose endpoints never change.

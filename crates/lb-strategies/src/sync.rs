//! The atomics behind the counters: std's, or loom's in a model check (`--cfg loom`).

#[cfg(loom)]
pub(crate) use loom::sync::atomic::AtomicUsize;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::AtomicUsize;

/// A value with two cache lines of its own: processors fetch them in pairs.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Padded<T>(pub(crate) T);

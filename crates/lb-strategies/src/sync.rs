//! The atomics and the thread-locals behind the counters: std's, or loom's in a model check (`--cfg loom`).

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
#[cfg(not(loom))]
pub(crate) use std::{
    sync::atomic::{AtomicU32, AtomicU64, AtomicUsize},
    thread_local as per_thread,
};

/// loom's knows no `const`.
#[cfg(loom)]
macro_rules! per_thread {
    (static $name:ident: $type:ty = const $init:block;) => {
        loom::thread_local! { static $name: $type = $init; }
    };
}
#[cfg(loom)]
pub(crate) use per_thread;

//! The loop with real threads and a scripted source: DESIGN section 5, "Discovery", row by row.
#![cfg(not(loom))] // tokio has a loom of its own

mod common;
mod contract;
mod destructors;
mod expiry;
mod factories;
mod first_answer;
mod history;
mod later_failures;
mod observers;
mod on_empty;
mod refresh;
mod reusable;
mod runtimes;
mod settings;
mod share;
mod stop;
mod stress;

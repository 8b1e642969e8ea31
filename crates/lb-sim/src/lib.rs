//! A simulation, in virtual time, of clients, their load balancers and the servers behind them: describe your fleet, get a
//! verdict for each strategy.
//!
//! It drives the real strategies, filters and [`lb_retry::Engine`]; the network, the clock and the servers alone are played.
//! Ten servers of which one is ten times slower than it should be, and what becomes of the requests:
//!
//! ```
//! use std::time::Duration;
//! use lb_sim::{Clients, Fault, Fleet, Scenario, Server, Strategy, Work};
//!
//! let fleet = Fleet::new()
//!     .add(9, Server::new(4))
//!     .add(1, Server::new(4).fault(Fault::slow(10.0)));
//! let clients = Clients::at_load(1, 0.6).work(Work::exponential(Duration::from_millis(10)));
//! let scenario = Scenario::builder(fleet, clients).measured(Duration::from_secs(3)).build()?;
//! let comparison = scenario.compare(&Strategy::all(), 0..2); // ten seeds tell more
//! println!("{comparison}");
//! assert_eq!(comparison.best().unwrap().strategy(), "PeakEwma");
//! # let verdict = comparison.row("RoundRobin").unwrap().verdict().to_string();
//! # assert!(verdict.starts_with("never recovers: server 9"), "{verdict}");
//! # Ok::<_, lb_sim::Invalid>(())
//! ```
//!
//! | piece | what it describes |
//! |---|---|
//! | [`Fleet`], [`Server`], [`Noise`], [`Fault`], [`Deploy`] | cores, a queue, speed, neighbours, what goes wrong and when |
//! | [`Clients`], [`Work`] | how many, how often, how much work a request is; network, discovery, retries, reported load |
//! | [`Strategy`] | which balancer each client has: those of this project, your own, or a peer ([`Foreign`]) |
//! | [`Scenario`] | all of it, and for how long; [`run`](Scenario::run) it once, or [`compare`](Scenario::compare) |
//! | [`Report`], [`Comparison`], [`Verdict`] | percentiles, utilisation, failures, shares over time; a table; who is best |
//!
//! **The same bits for a seed, on every machine.** One thread runs one run. Random numbers are from a generator of its own,
//! logarithms from `libm`, and events of the same time come in the order in which they were scheduled. Arrivals, work,
//! noise and the strategy draw from streams of their own: two strategies meet the same requests at the same times, so a
//! few seeds tell them apart.
//!
//! **What it leaves out.** The cost of a pick itself, connections and their limits, packets that are lost, and whatever
//! servers do to each other. Cores take requests first in, first out; a core works on one request to its end.
//!
//! Cost: about 1 µs a request (`cargo run --release -p lb-sim --example speed`).

mod client;
mod clients;
mod comparison;
mod error;
mod events;
mod fault;
mod fleet;
mod foreign;
mod generator;
mod histogram;
mod host;
mod noise;
#[cfg(feature = "peers")]
pub mod peers;
mod recorder;
mod report;
mod scenario;
pub mod scenarios;
mod series;
mod server;
mod slab;
mod statistics;
mod strategies;
mod strategy;
mod table;
mod time;
mod verdict;
mod view;
mod work;
mod world;

pub use clients::Clients;
pub use comparison::{Comparison, Row};
pub use error::Invalid;
pub use fault::Fault;
pub use fleet::{Deploy, Fleet};
pub use foreign::Foreign;
pub use histogram::Histogram;
pub use noise::Noise;
pub use report::{Counts, Report, ServerReport};
pub use scenario::{Scenario, ScenarioBuilder};
pub use series::Series;
pub use server::{Server, ServerId};
pub use statistics::Estimate;
pub use strategy::{ClientSetup, Strategy};
pub use verdict::Verdict;
pub use work::Work;

/// The program of the docs page is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/strategies.md")]
struct DocsPage;

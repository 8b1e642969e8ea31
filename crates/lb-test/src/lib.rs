//! A test kit: scripted publisher, counting factory, in-process DNS server, HTTP backends, contract suites.
//!
//! | to test | there is |
//! |---|---|
//! | a publisher of your own | [`publisher_contract!`] |
//! | a strategy of your own | [`strategy_contract!`], [`chi_square`] |
//! | what picks or filters, without discovery | [`ScriptedPublisher`] |
//! | that endpoints are made and dropped as often as they should be | [`CountingFactory`] |
//! | discovery through DNS, and everything that can go wrong with it | [`DnsServer`] |
//! | requests to instances that fail, hang, die and come back | [`Backend`] |
//!
//! Everything runs in the test's own process, on threads and ephemeral loopback ports, and ends when it is dropped.
//! Nothing here needs a network, root or an installed program, and no test that uses it needs to sleep: what happens is
//! told through channels (`events()`). What is asked for against the rules (a malformed name) panics in the test's line
//! that asks.

mod backend;
mod chi_square;
pub mod contract;
mod counting_factory;
mod dns;
mod lock;
mod pick_recorder;
mod scripted_publisher;
mod tcp;

pub use backend::{Backend, Request, Respond};
pub use chi_square::{DEVIATIONS, chi_square, chi_square_critical, deviations, picks_to_find};
pub use counting_factory::{Counted, CountingFactory};
pub use dns::{Behaviour, DnsServer, Glue, Kind, Query, Rcode, Record, Transport};
pub use pick_recorder::{PickEvent, PickRecorder};
pub use scripted_publisher::ScriptedPublisher;

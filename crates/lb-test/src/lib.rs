//! A test kit: scripted publisher, counting factory, in-process DNS server, HTTP backends, contract suites.
//!
//! Everything runs in the test's own process, on threads and ephemeral loopback ports, and ends when it is
//! dropped. Nothing here needs a network, root or an installed program, and no test that uses it needs to
//! sleep: what happens is told through channels.

mod backend;
mod chi_square;
pub mod contract;
mod counting_factory;
mod dns;
mod lock;
mod scripted_publisher;
mod tcp;

pub use backend::{Backend, Request, Respond};
pub use chi_square::{chi_square, chi_square_critical};
pub use counting_factory::{Counted, CountingFactory};
pub use dns::{Behaviour, DnsServer, Glue, Kind, Query, Rcode, Record, Transport};
pub use scripted_publisher::ScriptedPublisher;

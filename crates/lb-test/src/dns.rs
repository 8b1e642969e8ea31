//! The in-process DNS server.

mod behaviour;
mod message;
mod query;
mod record;
mod server;
mod sockets;
mod state;
mod zone;

pub use behaviour::{Behaviour, Rcode};
pub use query::{Kind, Query, Transport};
pub use record::Record;
pub use server::DnsServer;
pub use zone::Glue;

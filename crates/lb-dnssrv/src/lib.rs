//! A publisher that follows the SRV records of a DNS name.
//!
//! ```no_run
//! use std::time::Duration;
//! use lb_core::{BoxError, Instance, Publisher};
//! use lb_dnssrv::DnsSrvPublisher;
//!
//! # fn main() -> Result<(), BoxError> {
//! let publisher = DnsSrvPublisher::new("_http._tcp.example.com.", Duration::from_secs(30), |instance: &Instance| {
//!     Ok::<_, BoxError>(instance.address().to_owned())
//! })?;
//! println!("{} endpoints", publisher.endpoints()?.len());
//! # Ok(())
//! # }
//! ```
//!
//! The lookups are hickory-resolver's, behind the default feature `hickory`. Without it this crate pulls in no resolver and
//! no runtime, and takes a [`SrvLookup`] of yours.

mod answer;
mod builder;
mod error;
#[cfg(feature = "hickory")]
mod hickory;
mod lookup;
mod name;
mod publisher;
mod records;
mod source;

pub use answer::{Addresses, SrvAnswer, SrvRecord};
pub use builder::DnsSrvBuilder;
pub use error::DnsSrvError;
pub use lookup::SrvLookup;
pub use publisher::DnsSrvPublisher;

pub use lb_discovery::{DiscoveryError, OnEmpty, Refresh, Status};

/// The `log` target of this crate.
const LOG: &str = "lb-dnssrv";

//! A publisher that follows the SRV records of a DNS name.
//!
#![cfg_attr(feature = "hickory", doc = "```no_run")]
#![cfg_attr(not(feature = "hickory"), doc = "```ignore")]
//! use std::time::Duration;
//! use lb_core::{BoxError, Instance, Publisher};
//! use lb_dnssrv::{DnsSrvPublisher, OnEmpty, Refresh};
//!
//! # fn main() -> Result<(), BoxError> {
//! // What an instance is made into: here its address, in a program a client.
//! let factory = |instance: &Instance| Ok::<_, BoxError>(instance.address().to_owned());
//!
//! let simple = DnsSrvPublisher::new("_http._tcp.example.com.", Duration::from_secs(30), factory)?;
//!
//! let thorough = DnsSrvPublisher::builder("_http._tcp.example.com.")
//!     .name_server("10.0.0.2:53".parse()?)
//!     .name_server("10.0.0.3:53".parse()?)
//!     .timeout(Duration::from_secs(2))
//!     .refresh(Refresh::Ttl { min: Duration::from_secs(5), max: Duration::from_secs(300) })
//!     .on_empty(OnEmpty::EmptyAfter(Duration::from_secs(60)))
//!     .resolve_targets(true)
//!     .build(factory)?;
//! println!("{} and {} endpoints", simple.endpoints()?.len(), thorough.endpoints()?.len());
//! # Ok(())
//! # }
//! ```
//!
//! The lookups are those of `lb-dns`, behind the default feature `hickory`, named for the DNS codec that they stand on. Without
//! it this crate pulls in no resolver and no runtime, and takes a [`SrvLookup`] of yours, for which a closure will do:
//!
//! ```
//! use lb_core::{BoxError, Context, Instance, Publisher};
//! use lb_dnssrv::{DnsSrvPublisher, SrvAnswer, SrvRecord};
//!
//! let publisher = DnsSrvPublisher::builder("_http._tcp.example.com.")
//!     .lookup(|_: &Context, _: &str| Ok(SrvAnswer::new([SrvRecord::new("a.example.com.", 80)])))
//!     .build(|instance: &Instance| Ok::<_, BoxError>(instance.address().to_owned()))?;
//! assert_eq!(publisher.endpoints()?.instance(0).map(Instance::address), Some("a.example.com:80"));
//! # Ok::<_, BoxError>(())
//! ```

mod builder;
#[cfg(feature = "hickory")]
mod dns_lookup;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod lookup;
mod publisher;
mod records;
mod shares;
mod source;

pub use builder::DnsSrvBuilder;
pub use error::DnsSrvError;
pub use lookup::SrvLookup;
pub use publisher::DnsSrvPublisher;

pub use lb_dns::{Absence, Addresses, Families, SrvAnswer, SrvRecord};

pub use lb_discovery::{DiscoveryError, OnEmpty, OnShrink, Refresh, Status};

/// The `log` target of this crate.
const LOG: &str = "lb-dnssrv";

//! DNS as discovery needs it: a lookup that asks the name servers anew each time, and a publisher of a name's addresses.
//!
#![cfg_attr(feature = "lookup", doc = "```no_run")]
#![cfg_attr(not(feature = "lookup"), doc = "```ignore")]
//! use std::time::Duration;
//! use lb_core::{BoxError, Instance, Publisher};
//! use lb_dns::DnsPublisher;
//!
//! // A headless Kubernetes service: each ready pod is an address of its name.
//! let publisher = DnsPublisher::new("web.default.svc:8080", Duration::from_secs(30), |instance: &Instance| {
//!     Ok::<_, BoxError>(instance.address().to_owned())
//! })?;
//! println!("{} endpoints", publisher.endpoints()?.len());
//! # Ok::<_, BoxError>(())
//! ```
//!
//! The default feature `lookup` brings [`Resolver`], which other publishers stand on, and `DnsPublisher`. Without it there are
//! only the types that answers consist of, and no DNS codec and no runtime among the dependencies.

mod answer;
mod families;
mod name;

#[cfg(feature = "lookup")]
mod builder;
#[cfg(feature = "lookup")]
mod error;
#[cfg(feature = "lookup")]
mod host_port;
#[cfg(feature = "lookup")]
mod lookup;
#[cfg(feature = "lookup")]
mod publisher;
#[cfg(feature = "lookup")]
mod resolver;
#[cfg(feature = "lookup")]
mod settings;
#[cfg(feature = "lookup")]
mod source;

pub use answer::{Absence, Addresses, SrvAnswer, SrvRecord};
pub use families::Families;

#[cfg(feature = "lookup")]
pub use self::{
    builder::DnsBuilder,
    error::{DnsError, InvalidSetting},
    publisher::DnsPublisher,
    resolver::Resolver,
    settings::ResolverSettings,
};

#[cfg(all(feature = "lookup", any(test, fuzzing)))]
#[doc(hidden)]
pub use lookup::fuzzing;

pub use lb_discovery::{DiscoveryError, OnEmpty, OnShrink, Refresh, Status};

/// What the publishers on DNS share; not for others.
#[doc(hidden)]
pub mod support {
    pub use crate::answer::{no_records_reason, shorter, unusable};
    pub use crate::name::{canonical, check};
}

/// The `log` target of this crate.
#[cfg(feature = "lookup")]
const LOG: &str = "lb-dns";

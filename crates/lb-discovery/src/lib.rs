//! The loop that every dynamic publisher shares: schedule, backoff, expiry, status, prompt stop.
//!
//! Give it a [`Source`], which asks a registry once, and it makes a publisher of it:
//!
//! ```
//! use lb_core::{BoxError, Context, Instance, Publisher};
//! use lb_discovery::{Answer, DiscoveryPublisher, Source};
//!
//! struct Registry;
//!
//! impl Source for Registry {
//!     fn fetch(&mut self, _: &Context) -> Result<Answer, BoxError> {
//!         Ok(Answer::new(vec![Instance::new("10.0.0.1:80"), Instance::new("10.0.0.2:80")]))
//!     }
//! }
//!
//! let publisher = DiscoveryPublisher::builder("billing", Registry)
//!     .build(|instance: &Instance| Ok::<_, BoxError>(instance.address().to_owned()))?;
//! assert_eq!(publisher.endpoints()?.len(), 2);
//! # Ok::<_, BoxError>(())
//! ```
//!
//! ```text
//!           ticks, timer, refresh_now           Shared ──snapshot──▶ PublishedSet ──▶ endpoints()
//!                     │                            ▲          └────▶ PublishedSet, of share(factory)
//!  Source ◀──fetch── Worker ──outcome──▶ Schedule ─┘
//!  (yours)        (one thread)   (pure: when to ask, what becomes of the set)
//! ```

mod background;
mod builder;
mod calls;
mod discovery;
mod error;
mod freshness;
mod make;
mod published_set;
mod publisher;
mod ready;
mod schedule;
mod settings;
mod shared;
mod source;
mod status;
mod sync;
mod transitions;
mod update;
mod worker;

pub use builder::DiscoveryBuilder;
pub use error::DiscoveryError;
pub use publisher::DiscoveryPublisher;
pub use ready::Ready;
pub use settings::{OnEmpty, OnShrink, Refresh};
pub use source::{Answer, Source};
pub use status::Status;

/// The `log` target of this crate.
const LOG: &str = "lb-discovery";

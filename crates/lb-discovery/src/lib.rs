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
//!            ticks, timer, refresh_now             Board ──news──▶ Feed (makers.rs) ──▶ endpoints()
//!                     │                              ▲        └──▶ Feed, of share(factory)
//!  Source ◀──fetch── Driver ──outcome──▶ Schedule ───┘
//!  (yours)        (one thread)   (pure: when to ask, what becomes of the set)
//! ```

mod backoff;
mod board;
mod builder;
mod disposer;
mod driver;
mod error;
mod feed;
mod freshness;
mod gate;
mod makers;
mod making;
mod notifier;
mod publisher;
mod schedule;
mod settings;
mod source;
mod status;
mod sync;
mod transitions;
mod watcher;

pub use builder::DiscoveryBuilder;
pub use error::DiscoveryError;
pub use gate::Ready;
pub use publisher::DiscoveryPublisher;
pub use settings::{OnEmpty, OnShrink, Refresh};
pub use source::{Answer, Source};
pub use status::Status;

/// The `log` target of this crate.
const LOG: &str = "lb-discovery";

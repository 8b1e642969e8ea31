//! The traits and the endpoint set of the `loadbalancer` crates.
//!
//! Everything is a function of an immutable, address-ordered *endpoint set*, and the set is swapped whole:
//!
//! ```text
//!  discovery ──instances──▶ EndpointCache ──▶ EndpointSet ──▶ filters ──▶ strategy ──▶ Pick ──▶ call
//!                           (factory; keeps    (immutable)     (Publisher   (LoadBalancer)
//!                            survivors)                         of Publisher)
//! ```
//!
//! - A [`Publisher`] yields the current [`Endpoints`]; [`EndpointCache`] is the one that discovery feeds, with a
//!   [`Factory`] that turns each [`Instance`] into an endpoint.
//! - A [`LoadBalancer`] chooses one of them for each request and hands out a [`Pick`], which keeps that endpoint, and
//!   no other, alive.
//! - A request goes through an [`Endpoint`] or [`AsyncEndpoint`] with a [`Context`] that carries its deadline and its
//!   cancellation.
//! - Whoever computes something from a set (a filter, a weight table, a hash ring) keeps it in a [`Derived`].
//!
//! Readers never block and never see half an update: a pick takes no lock and allocates nothing.
//! This crate does no I/O and depends on no async runtime.

mod async_endpoint;
mod cache;
mod cancel;
mod cell;
mod clock;
mod context;
mod derived;
mod endpoint;
mod endpoint_id;
mod endpoint_set;
mod endpoints;
mod error;
mod events;
mod factory;
mod housekeeping;
mod instance;
mod lanes;
mod load_balancer;
mod maker;
mod mark;
mod member;
mod merge;
mod outcome;
mod pick;
mod pick_observer;
mod publisher;
mod recording;
mod state;
mod swap;
mod sync;
mod tier_rule;
mod tried;
mod weak_list;
mod writer;

#[doc(hidden)]
pub mod support;

pub use async_endpoint::{AsyncEndpoint, AsyncEndpointFn, BoxAsyncEndpoint, async_endpoint_fn};
pub use cache::EndpointCache;
pub use cancel::{Cancelled, Canceller};
pub use cell::{EndpointCell, RetiredSet};
pub use clock::Clock;
pub use context::Context;
pub use derived::{Derived, DerivedRef};
pub use endpoint::{BoxEndpoint, Endpoint, EndpointFn, boxed, endpoint_fn};
pub use endpoint_id::EndpointId;
pub use endpoint_set::EndpointSet;
pub use endpoints::Endpoints;
pub use error::{BoxError, Error};
pub use events::{Events, TierChosen};
pub use factory::Factory;
pub use housekeeping::{Chore, ChoreWaker, Housekeeper};
pub use instance::Instance;
pub use load_balancer::{BoxLoadBalancer, LoadBalancer, PickRequest};
pub use maker::Maker;
pub use mark::Mark;
pub use outcome::{Outcome, Record, Reported};
pub use pick::Pick;
pub use pick_observer::PickObserver;
pub use publisher::{BoxPublisher, Observer, Observers, Publisher};
pub use state::StateKey;
pub use tier_rule::{TierChoice, TierRule};
pub use tried::Tried;
pub use writer::EndpointWriter;

/// The `log` target of this crate.
const LOG: &str = "lb-core";

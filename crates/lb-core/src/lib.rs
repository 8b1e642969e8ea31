//! The traits and the endpoint set of the `loadbalancer` crates.
//!
//! Everything is a function of an immutable, address-ordered *endpoint set*, and the set is swapped whole:
//!
//! ```text
//!  discovery ──instances──▶ EndpointCache ──▶ Endpoints ──▶ filters ──▶ strategy ──▶ Pick ──▶ call
//!                           (factory; keeps    (one view     (Publisher   (LoadBalancer)
//!                            survivors)         of one set)   of Publisher)
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
mod context;
mod derived;
mod endpoint;
mod endpoints;
mod error;
mod factory;
mod instance;
mod lanes;
mod load_balancer;
mod member;
mod merge;
mod panics;
mod pick;
mod publisher;
mod swap;
mod sync;
mod weak_list;

pub use async_endpoint::{AsyncEndpoint, AsyncEndpointFn, BoxAsyncEndpoint, async_endpoint_fn};
pub use cache::EndpointCache;
pub use cancel::{Cancelled, Canceller};
pub use cell::EndpointCell;
pub use context::Context;
pub use derived::{Derived, DerivedRef};
pub use endpoint::{BoxEndpoint, Endpoint, EndpointFn, endpoint_fn};
pub use endpoints::Endpoints;
pub use error::{BoxError, Error};
pub use factory::Factory;
pub use instance::Instance;
pub use load_balancer::{LoadBalancer, PickRequest};
pub use pick::Pick;
pub use publisher::{Observer, Observers, Publisher};

/// The `log` target of this crate.
const LOG: &str = "lb-core";

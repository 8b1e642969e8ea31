//! Any load balancer as a [`tower`] service, and any tower service as an endpoint.
//!
//! | you have | you want | take |
//! |---|---|---|
//! | a load balancer over services | one service | [`Balance`] |
//! | a service | an [`AsyncEndpoint`](lb_core::AsyncEndpoint), for `Retry` | [`ServiceEndpoint`] |
//! | an `AsyncEndpoint`, such as `Retry` | a service | [`EndpointService`] |
//! | a publisher | `tower::balance` fed by it | [`DiscoverStream`] |
//! | a server whose clients pick by its load | the header that says it | [`ReportLoad`] |
//! | a factory that needs tokio | it to work on a publisher's thread | [`on_runtime`] |
//!
//! ```text
//!  ServiceBuilder: timeout ─▶ limit ─▶ retry ─▶ Balance ──pick──▶ clone of the endpoint ──call──▶ response
//!                                                  ▲                                                │
//!                                                  └──── the pick ends when it is complete ◀────────┘
//! ```
//!
//! A call through the layers and back, with a retry that goes to another endpoint than the one that failed:
//!
//! ```
//! use std::future::{Ready, ready};
//! use std::time::Duration;
//!
//! use lb_core::{BoxError, Instance};
//! use lb_static::StaticPublisher;
//! use lb_strategies::RoundRobin;
//! use lb_tower::{Balance, BalanceError};
//! use tower::{Service, ServiceBuilder, ServiceExt, retry::Policy, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! /// Sends a request that failed once more, up to so many times.
//! #[derive(Clone)]
//! struct Attempts(usize);
//!
//! impl<Req: Clone, Res> Policy<Req, Res, BalanceError> for Attempts {
//!     type Future = Ready<()>;
//!
//!     fn retry(&mut self, _: &mut Req, result: &mut Result<Res, BalanceError>) -> Option<Ready<()>> {
//!         if result.is_ok() || self.0 == 0 {
//!             return None;
//!         }
//!         self.0 -= 1;
//!         Some(ready(()))
//!     }
//!
//!     fn clone_request(&mut self, request: &Req) -> Option<Req> {
//!         Some(request.clone())
//!     }
//! }
//!
//! // In the place of a client: the second instance refuses.
//! let client = |instance: &Instance| {
//!     let refuses = instance.address() == "10.0.0.2:80";
//!     Ok::<_, BoxError>(service_fn(move |path: &'static str| {
//!         ready(if refuses { Err(BoxError::from("refused")) } else { Ok(format!("GET {path}")) })
//!     }))
//! };
//! let publisher = StaticPublisher::new(["10.0.0.1:80", "10.0.0.2:80"], client);
//! let mut service = ServiceBuilder::new()
//!     .timeout(Duration::from_secs(5))
//!     .concurrency_limit(100)
//!     .retry(Attempts(2))
//!     .service(Balance::new(RoundRobin::new(publisher)));
//!
//! for _ in 0..10 {
//!     assert_eq!(service.ready().await?.call("/").await?, "GET /");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here blocks or spawns a task, and nothing but [`on_runtime`] knows of a runtime.
//!
//! An endpoint has to be `Clone + Send + Sync`. HTTP clients and tonic's `Channel` are; wrap in tower's `Buffer`, or its
//! `BoxCloneSyncService`, what is not.

mod balance;
mod candidate;
mod classify;
mod completion;
mod discover_stream;
mod endpoint_service;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod load_report;
mod on_runtime;
mod pick_request;
mod report_load;
mod response_future;
mod runtime_bound;
mod service_endpoint;
mod signal;
mod state;
mod tracked_body;

pub use balance::Balance;
pub use classify::{ByResult, Classify, ReadReports};
pub use completion::{CompleteOnBody, CompleteOnResponse, TrackCompletion};
pub use discover_stream::{CannotNotify, DiscoverStream};
pub use endpoint_service::EndpointService;
pub use error::BalanceError;
pub use key::Key;
pub use load_report::{InvalidReport, LOAD_HEADER, read_report, report_of, report_value};
pub use on_runtime::{OnRuntime, on_runtime};
pub use pick_request::{Anonymous, ToPickRequest};
pub use report_load::{ReportLoad, ReportLoadFuture, ReportLoadService};
pub use response_future::ResponseFuture;
pub use runtime_bound::RuntimeBound;
pub use service_endpoint::ServiceEndpoint;
pub use tracked_body::TrackedBody;

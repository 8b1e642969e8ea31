// The README's code is compiled and run wherever all that it shows is switched on.
#![cfg_attr(
    all(feature = "default", feature = "tokio", feature = "tower"),
    doc = include_str!("../../../README.md")
)]
#![cfg_attr(
    not(all(feature = "default", feature = "tokio", feature = "tower")),
    doc = "Client-side load balancing: publishers, load balancers and retry; see the README."
)]

pub use lb_core::{
    AsyncEndpoint, AsyncEndpointFn, BoxAsyncEndpoint, BoxEndpoint, BoxError, BoxLoadBalancer, BoxPublisher,
    Cancelled, Canceller, Chore, ChoreWaker, Clock, Context, Derived, DerivedRef, Endpoint, EndpointCache,
    EndpointCell, EndpointFn, EndpointId, EndpointSet, EndpointWriter, Endpoints, Error, Events, Factory,
    Housekeeper, Instance, LoadBalancer, Maker, Mark, Observer, Observers, Outcome, Pick, PickObserver,
    PickRequest, Publisher, Record, Reported, RetiredSet, StateKey, TierChoice, TierChosen, TierRule, Tried,
    async_endpoint_fn, boxed, endpoint_fn,
};

#[cfg(feature = "static")]
pub use lb_static::{FixedPublisher, StaticPublisher};

#[cfg(feature = "discovery")]
pub use lb_discovery::{
    Answer, DiscoveryBuilder, DiscoveryError, DiscoveryPublisher, OnEmpty, OnShrink, Ready, Refresh, Source,
    Status,
};

#[cfg(feature = "dns")]
pub use lb_dns::{DnsBuilder, DnsError, DnsPublisher, InvalidSetting, Resolver, ResolverSettings};

#[cfg(feature = "dnssrv")]
pub use lb_dnssrv::{
    Absence, Addresses, DnsSrvBuilder, DnsSrvError, DnsSrvPublisher, SrvAnswer, SrvLookup, SrvRecord,
};

#[cfg(feature = "dns")]
pub use lb_dns::Families;
#[cfg(all(feature = "dnssrv", not(feature = "dns")))]
pub use lb_dnssrv::Families;

#[cfg(feature = "filters")]
pub use lb_filters::PriorityTiers;

#[cfg(feature = "strategies")]
pub use lb_strategies::{
    ConsistentHash, Explanation, HotCold, HotColdBuilder, InFlight, LeastLoaded, PeakEwma, PeakEwmaBuilder,
    Random, RoundRobin, Srv, WeightedRandom, WeightedRoundRobin,
};

#[cfg(feature = "retry")]
pub use lb_retry::{
    Attempt, AttemptEnd, AttemptResult, Backoff, Cause, Enforced, Engine, Inline, InvalidBackoff,
    InvalidRetry, KeyBy, Limits, LiveAttempt, Mode, Policy, Reason, Retry, RetryAll, RetryBuilder,
    RetryError, RetryIf, Step, Verdict,
};

#[cfg(feature = "tower")]
pub use lb_tower::{
    Anonymous, Balance, BalanceError, ByResult, CannotNotify, Classify, CompleteOnBody, CompleteOnResponse,
    DiscoverStream, EndpointService, InvalidReport, Key, LOAD_HEADER, OnRuntime, ReadReports, ReportLoad,
    ReportLoadFuture, ReportLoadService, ResponseFuture, RuntimeBound, ServiceEndpoint, ToPickRequest,
    TrackCompletion, TrackedBody, on_runtime, read_report, report_of, report_value,
};

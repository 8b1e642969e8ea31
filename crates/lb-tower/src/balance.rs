use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use lb_core::{BoxError, LoadBalancer, Outcome, Pick, PickRequest, Tried};
use tower::Service;

use crate::candidate::Candidate;
use crate::state::State;
use crate::{
    Anonymous, BalanceError, ByResult, Classify, CompleteOnResponse, ReadReports, ResponseFuture,
    ToPickRequest, TrackCompletion,
};

/// How many services a call waits for at most, the one picked for it included.
const WAITED_FOR: usize = 3;

/// How many services a call asks at most, those that failed included.
const ASKED: usize = 16;

/// A load balancer over clonable services, as one service.
///
/// - It is ready at once, and it is `Clone` and `Sync` (where its parts are) without a `Buffer`: each task takes a clone,
///   and all clones share one load balancer.
/// - Each call is a pick of its own. Layers on top of it that call again (tower's `Retry`, `Hedge`) reach another
///   endpoint as the strategy has it; with [`pick_request_by`](Self::pick_request_by) they can exclude those that failed.
/// - The pick ends with the response: when its head has come, or as [`track_completion`](Self::track_completion) says. A
///   call that fails or is dropped ends its pick there and then.
/// - How a call ended is recorded on its pick, for the strategies and filters that ask: a response is a success, an error,
///   a panic and a closed service are failures, a dropped call is cancelled; or as [`classify`](Self::classify) says.
///
/// # Which endpoint a call gets
///
/// A call clones the endpoint picked and polls the clone's readiness, before [`call`](Service::call) returns:
///
/// | the clone is | what happens |
/// |---|---|
/// | ready | it is called |
/// | not ready | it is passed over for another pick that has it on its tried-list, up to two times; the first that is ready is called |
/// | not ready, and neither are the others, or there are none | the call waits for all of these, and calls the first that gets ready |
/// | failed (a `Buffer` whose worker has died) | it is passed over likewise, and is [made anew](lb_core::LoadBalancer::renew); the call fails with [`BalanceError::NotReady`] when all of up to 16 have |
///
/// So one endpoint that hangs, or is closed, holds no call back while another has room. An empty set is
/// [`BalanceError::Pick`] at once.
/// Nothing here waits for ever but a call all of whose candidates do: put tower's `Timeout` on top. Its error cannot say
/// which endpoint was slow; one around each service, in the factory, comes with the address, and can be retried.
///
/// # Cost
///
/// One pick and one clone of the endpoint; no lock, no allocation. A call that finds its first pick not ready allocates
/// its list of candidates.
///
/// ```
/// use std::convert::Infallible;
///
/// use lb_static::FixedPublisher;
/// use lb_strategies::RoundRobin;
/// use lb_tower::Balance;
/// use tower::{ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), lb_tower::BalanceError> {
/// let double = service_fn(async |n: u32| Ok::<_, Infallible>(2 * n));
/// let balance = Balance::new(RoundRobin::new(FixedPublisher::new([("a:80", double), ("b:80", double)])));
/// assert_eq!(balance.clone().oneshot(21).await?, 42);
/// # Ok(())
/// # }
/// ```
pub struct Balance<L, R = Anonymous, C = CompleteOnResponse, K = ByResult> {
    lb: Arc<L>,
    pick_request: R,
    completion: C,
    classify: K,
}

impl<L: LoadBalancer<Endpoint: Clone>> Balance<L> {
    /// A service over the endpoints of `lb`, which must be services that can be cloned: each call takes a clone. One that
    /// cannot goes into tower's `Buffer`, in the factory.
    ///
    /// One that cannot be cloned is refused here, by an error that names `Clone`:
    ///
    /// ```compile_fail,E0277
    /// # use lb_core::{EndpointCache, Instance};
    /// # use lb_strategies::RoundRobin;
    /// # use lb_tower::Balance;
    /// struct Connection;
    /// let cache = EndpointCache::new(|_: &Instance| Ok::<_, std::io::Error>(Connection));
    /// let balance = Balance::new(RoundRobin::new(cache)); // the trait `Clone` is not implemented for `Connection`
    /// ```
    pub fn new(lb: L) -> Self {
        Self { lb: Arc::new(lb), pick_request: Anonymous, completion: CompleteOnResponse, classify: ByResult }
    }
}

impl<L, R, C, K> Balance<L, R, C, K> {
    /// Derives from each request what the strategy may know of it: a key, and a tried-list that the request carries.
    ///
    /// ```
    /// # use lb_core::{LoadBalancer, PickRequest};
    /// # use lb_tower::Balance;
    /// struct Get { user: u64 }
    /// # fn balance(lb: impl LoadBalancer<Endpoint: Clone>) {
    /// let balance = Balance::new(lb).pick_request(|get: &Get| PickRequest::new().with_key(get.user));
    /// # }
    /// ```
    pub fn pick_request<Req, F>(self, pick_request: F) -> Balance<L, F, C, K>
    where
        F: for<'a> Fn(&'a Req) -> PickRequest<'a>,
    {
        self.pick_request_by(pick_request)
    }

    /// As [`pick_request`](Self::pick_request), for what no closure can return: see [`ToPickRequest`].
    pub fn pick_request_by<S>(self, pick_request: S) -> Balance<L, S, C, K> {
        let Self { lb, completion, classify, .. } = self;
        Balance { lb, pick_request, completion, classify }
    }

    /// Says when a response is complete, which is when its pick ends; for HTTP that is
    /// [`CompleteOnBody`](crate::CompleteOnBody).
    pub fn track_completion<S>(self, completion: S) -> Balance<L, R, S, K> {
        let Self { lb, pick_request, classify, .. } = self;
        Balance { lb, pick_request, completion, classify }
    }

    /// Says which calls are failures of their endpoint. An HTTP 503 is a response, and a failure all the same:
    ///
    /// ```
    /// # use http::Response;
    /// # use lb_core::{BoxError, LoadBalancer, Outcome};
    /// # use lb_tower::Balance;
    /// # fn balance(lb: impl LoadBalancer<Endpoint: Clone>) {
    /// let balance = Balance::new(lb).classify(|result: Result<&Response<Vec<u8>>, &BoxError>| match result {
    ///     Ok(response) if !response.status().is_server_error() => Outcome::Success,
    ///     _ => Outcome::Failure,
    /// });
    /// # }
    /// ```
    pub fn classify<Res, Err, F>(self, classify: F) -> Balance<L, R, C, F>
    where
        F: Fn(Result<&Res, &Err>) -> Outcome,
    {
        let Self { lb, pick_request, completion, .. } = self;
        Balance { lb, pick_request, completion, classify }
    }
}

impl<L, R, C, K> Balance<L, R, C, K> {
    /// Passes on to the picks what servers say of their load in the header [`lb-load`](crate::LOAD_HEADER) of their HTTP
    /// responses ([`ReportLoad`](crate::ReportLoad) writes it): for `HotCold`, which picks by it. After
    /// [`classify`](Self::classify), where both are wanted.
    pub fn read_reports(self) -> Balance<L, R, C, ReadReports<K>> {
        let Self { lb, pick_request, completion, classify } = self;
        Balance { lb, pick_request, completion, classify: ReadReports(classify) }
    }
}

impl<L, R, C, K, Req> Service<Req> for Balance<L, R, C, K>
where
    L: LoadBalancer,
    L::Endpoint: Service<Req, Error: Into<BoxError>> + Clone,
    R: ToPickRequest<Req>,
    C: TrackCompletion<Pick<L::Endpoint>, <L::Endpoint as Service<Req>>::Response> + Clone,
    K: Classify<<L::Endpoint as Service<Req>>::Response, <L::Endpoint as Service<Req>>::Error> + Clone,
{
    type Response = C::Output;
    type Error = BalanceError;
    type Future = ResponseFuture<L::Endpoint, Req, C, K>;

    /// Ready at once, always.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BalanceError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let state = self.start(request).unwrap_or_else(State::failed);
        ResponseFuture::new(state, self.completion.clone(), self.classify.clone())
    }
}

impl<L, R, C, K> Balance<L, R, C, K>
where
    L: LoadBalancer,
    L::Endpoint: Clone,
{
    /// Calls the endpoint picked if it is ready.
    #[inline]
    fn start<Req>(&self, request: Req) -> Result<State<L::Endpoint, Req>, BalanceError>
    where
        L::Endpoint: Service<Req, Error: Into<BoxError>>,
        R: ToPickRequest<Req>,
    {
        let pick = self.pick_request.with_pick_request(&request, |of| self.lb.pick(of));
        let mut candidate = Candidate::new(pick.map_err(|source| self.pick_failed(source))?);
        match candidate.is_ready() {
            Ok(true) => Ok(State::calling(candidate, request)),
            readiness => self.pass_over(candidate, readiness, request),
        }
    }

    /// Calls the first of the others that is ready; if none is, those that have not failed are waited for.
    #[cold]
    fn pass_over<Req>(
        &self,
        first: Candidate<L::Endpoint>,
        readiness: Result<bool, BalanceError>,
        request: Req,
    ) -> Result<State<L::Endpoint, Req>, BalanceError>
    where
        L::Endpoint: Service<Req, Error: Into<BoxError>>,
        R: ToPickRequest<Req>,
    {
        let (mut waiting, mut asked, mut failure) = (Vec::with_capacity(WAITED_FOR), Tried::new(), None);
        let mut next = Some((first, readiness));
        for _ in 0..ASKED {
            let Some((candidate, readiness)) = next else { break };
            asked.insert(candidate.id());
            match readiness {
                Ok(true) => return Ok(State::calling(candidate, request)),
                Ok(false) => waiting.push(candidate),
                Err(error) => {
                    candidate.record(Outcome::Failure);
                    self.lb.renew(candidate.id());
                    failure = Some(error);
                }
            }
            if waiting.len() == WAITED_FOR {
                break;
            }
            next = self.pick_another(&request, &asked).map(|pick| {
                let mut candidate = Candidate::new(pick);
                let readiness = candidate.is_ready();
                (candidate, readiness)
            });
        }
        match failure {
            Some(failure) if waiting.is_empty() => Err(failure),
            _ => Ok(State::waiting(waiting, request)),
        }
    }

    /// A pick that neither the request has tried nor this call asked; `None` when there is none.
    fn pick_another<Req>(&self, request: &Req, asked: &Tried) -> Option<Pick<L::Endpoint>>
    where
        R: ToPickRequest<Req>,
    {
        self.pick_request.with_pick_request(request, |of| {
            let mut avoided = of.tried().cloned().unwrap_or_default();
            avoided.extend(asked);
            let pick = self.lb.pick(&of.with_tried(&avoided)).ok()?;
            (!avoided.contains(pick.id())).then_some(pick)
        })
    }

    #[cold]
    fn pick_failed(&self, source: lb_core::Error) -> BalanceError {
        BalanceError::Pick { service: self.lb.name().map(Arc::from), source }
    }
}

impl<L, R: Clone, C: Clone, K: Clone> Clone for Balance<L, R, C, K> {
    fn clone(&self) -> Self {
        Self {
            lb: Arc::clone(&self.lb),
            pick_request: self.pick_request.clone(),
            completion: self.completion.clone(),
            classify: self.classify.clone(),
        }
    }
}

impl<L: fmt::Debug, R, C, K> fmt::Debug for Balance<L, R, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balance").field("lb", &self.lb).finish_non_exhaustive()
    }
}

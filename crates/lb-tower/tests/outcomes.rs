//! What `Balance` records on the picks of its calls.

use std::future::{Ready, pending, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use lb_core::{BoxError, EndpointSet, Instance, Outcome};
use lb_strategies::RoundRobin;
use lb_test::{PickEvent, PickRecorder, ScriptedPublisher};
use lb_tower::Balance;
use tower::{Service, ServiceExt, service_fn};

/// A balancer over one service, and what the observer of its picks was told.
fn observed<S: Send + Sync + 'static>(service: S) -> (RoundRobin<ScriptedPublisher<S>>, Arc<PickRecorder>) {
    let (set, recorders) = PickRecorder::observe(&EndpointSet::new([(Instance::new("a:80"), service)]));
    let publisher = ScriptedPublisher::new::<Instance>([]);
    publisher.set_endpoints(set);
    (RoundRobin::starting_at(publisher, 0), Arc::clone(&recorders[0]))
}

#[tokio::test]
async fn a_response_is_a_success_an_error_a_failure_unless_classified_otherwise() {
    use Outcome::{Failure, Success};
    let answers =
        |status: Result<u16, &'static str>| service_fn(move |(): ()| ready(status.map_err(BoxError::from)));
    let server_errors_fail = |result: Result<&u16, &BoxError>| match result {
        Ok(status) if *status < 500 => Success,
        _ => Failure,
    };
    for (answer, by_result, classified) in
        [(Ok(200), Success, Success), (Ok(503), Success, Failure), (Err("reset"), Failure, Failure)]
    {
        for (is_classified, expected) in [(false, by_result), (true, classified)] {
            let (lb, recorder) = observed(answers(answer));
            let balance = Balance::new(lb);
            let result = if is_classified {
                balance.classify(server_errors_fail).oneshot(()).await
            } else {
                balance.oneshot(()).await
            };
            assert_eq!(result.ok(), answer.ok());
            let events = [PickEvent::Picked, PickEvent::Recorded(expected), PickEvent::Dropped];
            assert_eq!(recorder.events(), events, "{answer:?}, classified: {is_classified}");
        }
    }
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_and_a_panic_is_a_failure() {
    let (lb, recorder) = observed(service_fn(|(): ()| pending::<Result<(), BoxError>>()));
    drop(Balance::new(lb).call(()));
    assert_eq!(recorder.outcomes(), [Outcome::Cancelled]);

    let fails = service_fn(|fail: bool| async move {
        assert!(!fail, "a fault of the service's");
        Ok::<_, BoxError>(())
    });
    let (lb, recorder) = observed(fails);
    let call = Balance::new(lb).call(true);
    assert!(tokio::spawn(call).await.unwrap_err().is_panic());
    assert_eq!(recorder.outcomes(), [Outcome::Failure]);
}

/// A service that has ended.
#[derive(Clone)]
struct Closed;

impl Service<()> for Closed {
    type Response = ();
    type Error = BoxError;
    type Future = Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Err("closed".into()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Err("called though closed".into()))
    }
}

#[tokio::test]
async fn a_closed_service_is_a_failure() {
    let (lb, recorder) = observed(Closed);
    assert!(Balance::new(lb).oneshot(()).await.is_err());
    assert_eq!(recorder.outcomes().first(), Some(&Outcome::Failure));
}

/// Two servers that report; the one that is asked is seen by the report of its pick alone.
#[tokio::test]
async fn what_a_server_reports_reaches_the_observers_of_its_pick() {
    use http::Response;
    use lb_strategies::HotCold;
    use lb_tower::{ReportLoad, ReportLoadService};
    use tower::Layer;

    type Answer = Ready<Result<Response<()>, BoxError>>;
    let busy = ReportLoad::new().with_capacity(2);
    let idle = ReportLoad::new().with_capacity(2);
    let server = service_fn(|(): ()| -> Answer { ready(Ok(Response::new(()))) });
    // Requests of others, which are not over.
    let waiting = service_fn(|(): ()| pending::<Result<Response<()>, BoxError>>());
    let mut others: ReportLoadService<_> = busy.layer(waiting);
    let held: Vec<_> = (0..50).map(|_| others.call(())).collect();

    let members = [("busy:80", busy.layer(server)), ("idle:80", idle.layer(server))];
    let publisher = Arc::new(ScriptedPublisher::new(members));
    let lb = Arc::new(HotCold::builder(publisher).seed(7).build());
    let balance = Balance::new(Arc::clone(&lb)).read_reports();
    for _ in 0..100 {
        assert!(balance.clone().oneshot(()).await.is_ok());
    }
    let picks = (0..100).map(|_| lb_core::LoadBalancer::endpoint(&*lb).unwrap().address().to_owned());
    assert_eq!(picks.filter(|address| address == "busy:80").count(), 0, "50 others are there");
    drop(held);
}

//! The pick of a connection that was upgraded.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Response, StatusCode};
use http_body::{Body, Frame};
use lb_core::{EndpointCache, Instance, Pick};
use lb_strategies::RoundRobin;
use lb_tower::{Balance, CompleteOnBody, TrackCompletion, TrackedBody};
use tower::{Service, ServiceExt};

struct Empty;

impl Body for Empty {
    type Data = &'static [u8];
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

/// Answers each request with an empty response of the status asked for.
#[derive(Clone)]
struct Http {
    _alive: Arc<()>,
}

impl Service<StatusCode> for Http {
    type Response = Response<Empty>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Empty>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, status: StatusCode) -> Self::Future {
        let mut response = Response::new(Empty);
        *response.status_mut() = status;
        ready(Ok(response))
    }
}

/// As the docs of `CompleteOnBody` have it.
#[derive(Clone)]
struct CompleteOnUpgrade;

impl<H: Send + Sync + 'static, B: Body> TrackCompletion<H, Response<B>> for CompleteOnUpgrade {
    type Output = Response<TrackedBody<B, Arc<H>>>;

    fn track_completion(&self, handle: H, mut response: Response<B>) -> Self::Output {
        let handle = Arc::new(handle);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            response.extensions_mut().insert(Arc::clone(&handle));
        }
        CompleteOnBody.track_completion(handle, response)
    }
}

#[tokio::test]
async fn case_33_the_pick_of_an_upgrade_lives_as_long_as_whoever_took_it_from_the_response() {
    for (status, is_upgrade) in [(StatusCode::SWITCHING_PROTOCOLS, true), (StatusCode::OK, false)] {
        let token = Arc::new(());
        let weak = Arc::downgrade(&token);
        let cache = Arc::new(EndpointCache::new(move |_: &Instance| {
            weak.upgrade().map(|alive| Http { _alive: alive }).ok_or("gone")
        }));
        cache.replace(["a:80"]);
        let balance = Balance::new(RoundRobin::new(Arc::clone(&cache))).track_completion(CompleteOnUpgrade);
        let mut response = balance.oneshot(status).await.unwrap();
        cache.replace(Vec::<Instance>::new());

        let connection = response.extensions_mut().remove::<Arc<Pick<Http>>>();
        drop(response);
        assert_eq!(connection.is_some(), is_upgrade, "{status}");
        assert_eq!(Arc::strong_count(&token) > 1, is_upgrade, "{status}: the endpoint lives with its pick");
        drop(connection);
        assert_eq!(Arc::strong_count(&token), 1, "{status}");
    }
}

//! The pick of an HTTP call lives until the body has ended.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::str::Chars;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Response;
use http_body::{Body, Frame, SizeHint};
use lb_core::{EndpointCache, Instance, Pick};
use lb_strategies::RoundRobin;
use lb_tower::{Balance, CompleteOnBody, TrackedBody};
use tower::Service;

type Framed = io::Result<Frame<&'static [u8]>>;

/// A body of these frames, `d` for data and `x` for a failure; `known_end`: it says in `is_end_stream` which is the last.
struct Script {
    frames: Chars<'static>,
    known_end: bool,
}

impl Body for Script {
    type Data = &'static [u8];
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Framed>> {
        Poll::Ready(self.frames.next().map(|frame| match frame {
            'd' => Ok(Frame::data(b"data".as_slice())),
            _ => Err(io::Error::other("connection reset")),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.known_end && self.frames.as_str().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.frames.as_str().len() as u64)
    }
}

type Held = TrackedBody<Script, Pick<Http>>;

#[derive(Clone)]
struct Http {
    _alive: Arc<()>,
    known_end: bool,
}

impl Service<&'static str> for Http {
    type Response = Response<Script>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Script>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, frames: &'static str) -> Self::Future {
        ready(Ok(Response::new(Script { frames: frames.chars(), known_end: self.known_end })))
    }
}

/// A response with these frames, of an endpoint that only its pick keeps; the token says whether it is alive.
async fn respond(frames: &'static str, known_end: bool) -> (Pin<Box<Held>>, Arc<()>) {
    let token = Arc::new(());
    let weak = Arc::downgrade(&token);
    let cache = Arc::new(EndpointCache::new(move |_: &Instance| {
        weak.upgrade().map(|alive| Http { _alive: alive, known_end }).ok_or("made but once")
    }));
    cache.replace(["a:80"]);
    let mut balance = Balance::new(RoundRobin::new(Arc::clone(&cache))).track_completion(CompleteOnBody);
    let body = balance.call(frames).await.unwrap().into_body();
    cache.replace(Vec::<Instance>::new());
    (Box::pin(body), token)
}

fn is_alive(token: &Arc<()>) -> bool {
    Arc::strong_count(token) > 1
}

async fn frame(body: &mut Pin<Box<Held>>) -> Option<Framed> {
    std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await
}

#[tokio::test]
async fn an_http_pick_lives_until_the_body_has_ended() {
    let (mut body, token) = respond("dd", false).await;
    assert_eq!(body.size_hint().exact(), Some(2));
    assert!(frame(&mut body).await.is_some() && is_alive(&token));
    assert!(frame(&mut body).await.is_some() && is_alive(&token));
    assert!(frame(&mut body).await.is_none() && !is_alive(&token));
}

#[tokio::test]
async fn an_http_pick_ends_with_a_frame_known_to_be_the_last() {
    let (mut body, token) = respond("dd", true).await;
    assert!(frame(&mut body).await.is_some() && is_alive(&token));
    assert!(frame(&mut body).await.is_some() && !is_alive(&token) && body.is_end_stream());
}

#[tokio::test]
async fn an_http_pick_ends_at_once_where_the_body_is_empty() {
    let (_body, token) = respond("", true).await;
    assert!(!is_alive(&token));
}

#[tokio::test]
async fn an_http_pick_ends_when_the_body_fails() {
    let (mut body, token) = respond("dxd", false).await;
    assert!(frame(&mut body).await.unwrap().is_ok() && is_alive(&token));
    assert!(frame(&mut body).await.unwrap().is_err() && !is_alive(&token));
}

#[tokio::test]
async fn an_http_pick_ends_when_the_body_is_dropped() {
    let (body, token) = respond("d", false).await;
    assert!(is_alive(&token));
    drop(body);
    assert!(!is_alive(&token));
}

//! `AsyncEndpoint`: closures, pointers, picks, erased endpoints, on a real runtime and on none.
#![cfg(not(loom))] // tokio has a loom of its own

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lb_core::{AsyncEndpoint, BoxAsyncEndpoint, Context, EndpointSet, Instance, Pick, async_endpoint_fn};

/// Says its own name and the request, after it has yielded once.
struct Named(&'static str);

impl AsyncEndpoint<&str> for Named {
    type Response = String;
    type Error = std::convert::Infallible;

    async fn call(&self, _: &Context, request: &str) -> Result<String, Self::Error> {
        tokio::task::yield_now().await;
        Ok(format!("{} {request}", self.0))
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn on_two_threads<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(future)
}

/// Spawned, so that the future must be `Send` and own what it uses.
async fn spawned<E>(endpoint: E) -> String
where
    E: for<'a> AsyncEndpoint<&'a str, Response = String, Error: std::fmt::Debug> + Send + Sync + 'static,
{
    let task = tokio::spawn(async move {
        let request = String::from("request");
        endpoint.call(&Context::background(), &request).await.unwrap()
    });
    task.await.unwrap()
}

fn pick_of<E>(endpoint: E) -> Pick<E> {
    EndpointSet::new([(Instance::new("a:80"), endpoint)]).pick(0).unwrap()
}

#[test]
fn closures_need_no_annotations_but_the_requests() {
    let double = async_endpoint_fn(|_, n: u32| async move { Ok::<_, String>(2 * n) });
    assert_eq!(block_on(double.call(&Context::background(), 21)), Ok(42));
    let late =
        async_endpoint_fn(|ctx: Context, ()| async move { if ctx.is_done() { Err("late") } else { Ok(()) } });
    assert_eq!(block_on(late.call(&Context::background(), ())), Ok(()));
}

#[test]
fn a_closure_gets_the_callers_context() {
    let seen = async_endpoint_fn(|ctx: Context, ()| async move {
        ctx.on_cancelled().await;
        Ok::<_, ()>(ctx.is_cancelled())
    });
    let (ctx, canceller) = Context::background().with_cancel();
    let outcome = on_two_threads(async {
        let task = tokio::spawn(async move { seen.call(&ctx, ()).await });
        canceller.cancel();
        task.await.unwrap()
    });
    assert_eq!(outcome, Ok(true));
}

#[test]
fn references_boxes_arcs_and_picks_of_an_endpoint_are_endpoints_in_spawned_tasks() {
    on_two_threads(async {
        static NAMED: Named = Named("reference");
        assert_eq!(spawned(Named("plain")).await, "plain request");
        assert_eq!(spawned(&NAMED).await, "reference request");
        assert_eq!(spawned(Box::new(Named("box"))).await, "box request");
        assert_eq!(spawned(Arc::new(Named("arc"))).await, "arc request");
        assert_eq!(spawned(pick_of(Named("pick"))).await, "pick request");
        assert_eq!(spawned(Arc::new(pick_of(Named("shared pick")))).await, "shared pick request");
    });
}

#[test]
fn erased_endpoints_of_different_types_live_in_one_set() {
    type Erased = BoxAsyncEndpoint<u32, u32, String>;
    let double = Erased::new(async_endpoint_fn(|_, n: u32| async move { Ok(2 * n) }));
    let failing = Erased::new(async_endpoint_fn(|_, n: u32| async move { Err(format!("not {n}")) }));
    let set = EndpointSet::new([(Instance::new("a:80"), double), (Instance::new("b:80"), failing)]);
    let outcomes = on_two_threads(async {
        let tasks = [0, 1].map(|index| {
            let pick = set.pick(index).unwrap();
            tokio::spawn(async move { pick.call(&Context::background(), 21).await })
        });
        let [first, second] = tasks;
        (first.await.unwrap(), second.await.unwrap())
    });
    assert_eq!(outcomes, (Ok(42), Err("not 21".to_owned())));
}

#[test]
fn futures_hold_borrowed_requests_and_contexts() {
    let request = String::from("borrowed");
    let ctx = Context::background();
    let future = Named("it").call(&ctx, &request);
    drop(future);
    let echo = async_endpoint_fn(|_, text: &'static str| async move { Ok::<_, ()>(text.len()) });
    let erased = BoxAsyncEndpoint::new(echo);
    assert_eq!(block_on(erased.call(&ctx, "four")), Ok(4));
    assert_eq!(block_on(Named("it").call(&ctx, &request)).unwrap(), "it borrowed");
}

/// Tells when it is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn dropping_the_future_cancels_the_call() {
    let dropped = Arc::new(AtomicBool::new(false));
    let held = dropped.clone();
    let hanging = async_endpoint_fn(move |_, ()| {
        let guard = Guard(held.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok::<_, ()>(())
        }
    });
    let ctx = Context::background();
    let pick = pick_of(hanging);
    let future = pick.call(&ctx, ());
    assert!(!dropped.load(Ordering::Relaxed));
    drop(future);
    assert!(dropped.load(Ordering::Relaxed));
}

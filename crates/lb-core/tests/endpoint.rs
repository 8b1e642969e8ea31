//! `Endpoint`: closures, pointers, picks, erased endpoints.

use std::cell::Cell;
use std::sync::Arc;

use lb_core::{
    AsyncEndpoint, BoxEndpoint, Context, Endpoint, EndpointFn, EndpointSet, Instance, endpoint_fn,
};

/// Says its own name and the request's length.
struct Named(&'static str);

impl Endpoint<&str> for Named {
    type Response = String;
    type Error = std::convert::Infallible;

    fn call(&self, _: &Context, request: &str) -> Result<String, Self::Error> {
        Ok(format!("{}{}", self.0, request.len()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "takes the handle itself")]
fn call<E: for<'a> Endpoint<&'a str, Response = String>>(endpoint: E) -> String {
    let request = String::from("four");
    endpoint.call(&Context::background(), &request).unwrap_or_default()
}

#[test]
fn closures_need_no_annotations_but_the_requests() {
    let ctx = Context::background();
    let double = endpoint_fn(|_, n: u32| Ok::<_, String>(2 * n));
    assert_eq!(double.call(&ctx, 21), Ok(42));
    let done = endpoint_fn(|ctx, ()| if ctx.is_done() { Err("late") } else { Ok(()) });
    assert_eq!(done.call(&ctx, ()), Ok(()));
    let failing = endpoint_fn(|_, text: String| text.parse::<u32>());
    assert!(failing.call(&ctx, "x".into()).is_err());
}

#[test]
fn a_closure_gets_the_callers_context() {
    let (ctx, canceller) = Context::background().with_cancel();
    let seen = endpoint_fn(|ctx, ()| Ok::<_, ()>(ctx.is_cancelled()));
    canceller.cancel();
    assert_eq!(seen.call(&ctx, ()), Ok(true));
}

#[test]
fn a_closure_may_borrow_and_need_not_be_sync() {
    let calls = Cell::new(0);
    let counting = endpoint_fn(|_, by: u32| {
        calls.set(calls.get() + by);
        Ok::<_, ()>(())
    });
    assert_eq!(counting.call(&Context::background(), 3), Ok(()));
    assert_eq!(calls.get(), 3);
}

#[test]
fn references_boxes_arcs_and_picks_of_an_endpoint_are_endpoints() {
    assert_eq!(call(Named("plain")), "plain4");
    let named = Named("reference");
    assert_eq!(call(&named), "reference4");
    assert_eq!(call(Box::new(Named("box"))), "box4");
    assert_eq!(call(Arc::new(Named("arc"))), "arc4");
    let pick = EndpointSet::new([(Instance::new("a:80"), Named("pick"))]).pick(0).unwrap();
    assert_eq!(call(&pick), "pick4");
    assert_eq!(call(pick), "pick4");
}

#[test]
fn an_endpoint_is_object_safe() {
    let erased: &dyn for<'a> Endpoint<&'a str, Response = String, Error = std::convert::Infallible> =
        &Named("dyn");
    assert_eq!(call(erased), "dyn4");
}

#[test]
fn box_endpoints_of_different_types_live_in_one_set() {
    let twice = |_: &Context, n: u32| Ok::<u32, String>(2 * n);
    let members: [(Instance, BoxEndpoint<u32, u32, String>); 2] = [
        ("a:80".into(), Box::new(endpoint_fn(twice))),
        (
            "b:80".into(),
            Box::new(endpoint_fn(|_, n: u32| n.checked_sub(9).ok_or_else(|| format!("{n} < 9")))),
        ),
    ];
    let set = EndpointSet::new(members);
    let call = |index| set.pick(index).unwrap().call(&Context::background(), 5);
    assert_eq!((call(0), call(1)), (Ok(10), Err("5 < 9".to_owned())));
}

/// Is both.
struct Both;

impl Endpoint<u8> for Both {
    type Response = &'static str;
    type Error = ();

    fn call(&self, _: &Context, _: u8) -> Result<&'static str, ()> {
        Ok("blocking")
    }
}

impl AsyncEndpoint<u8> for Both {
    type Response = &'static str;
    type Error = ();

    async fn call(&self, _: &Context, _: u8) -> Result<&'static str, ()> {
        Ok("async")
    }
}

#[test]
fn with_both_traits_in_scope_call_resolves_by_itself_for_an_endpoint_of_one_kind() {
    let blocking: EndpointFn<_> = endpoint_fn(|_, n: u8| Ok::<_, ()>(n));
    assert_eq!(blocking.call(&Context::background(), 1), Ok(1));
}

#[test]
fn for_an_endpoint_of_both_kinds_the_trait_is_named() {
    let ctx = Context::background();
    assert_eq!(Endpoint::call(&Both, &ctx, 0), Ok("blocking"));
    let _future = AsyncEndpoint::call(&Both, &ctx, 0);
}

//! `LoadBalancer`, `PickRequest` and `Error`: what a strategy is told and what it answers.

use std::error::Error as _;
use std::sync::Arc;

use lb_core::{EndpointSet, Error, Instance, LoadBalancer, Pick, PickRequest, Tried};

/// Picks the key-th member; the first without a key.
struct ByKey(EndpointSet<&'static str>);

impl LoadBalancer for ByKey {
    type Endpoint = &'static str;

    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<&'static str>, Error> {
        let index = usize::try_from(request.key().unwrap_or(0)).unwrap_or(usize::MAX);
        self.0.pick(index).ok_or(Error::NoEndpoints)
    }
}

fn by_key() -> ByKey {
    ByKey(EndpointSet::new(["a", "b"].map(|name| (Instance::new(name), name))))
}

#[test]
fn a_request_tells_its_key_and_what_it_tried() {
    let nothing = PickRequest::new();
    assert_eq!((nothing.key(), nothing.tried().is_none()), (None, true));
    let (a, b) = (by_key().endpoint().unwrap().id(), by_key().endpoint().unwrap().id());
    let mut tried = Tried::new();
    tried.insert(a);
    let request = PickRequest::new().with_key(u64::MAX).with_tried(&tried);
    let is_tried = |id| request.tried().is_some_and(|tried| tried.contains(id));
    assert_eq!((request.key(), is_tried(a), is_tried(b)), (Some(u64::MAX), true, false));
}

#[test]
fn endpoint_picks_for_a_request_of_which_nothing_is_known() {
    assert_eq!(by_key().endpoint().unwrap().address(), "a");
}

#[test]
fn references_boxes_arcs_and_trait_objects_pick_with_the_request() {
    fn second<L: LoadBalancer<Endpoint = &'static str> + ?Sized>(lb: &L) -> &'static str {
        *lb.pick(&PickRequest::new().with_key(1)).unwrap()
    }
    let lb = Arc::new(by_key());
    let erased: Arc<dyn LoadBalancer<Endpoint = &'static str>> = lb.clone();
    assert_eq!(
        [second(&*lb), second(&&*lb), second(&lb), second(&Box::new(by_key())), second(&*erased)],
        ["b"; 5]
    );
}

#[test]
fn errors_say_why_there_is_no_endpoint_and_keep_their_cause() {
    assert_eq!(Error::NoEndpoints.to_string(), "no endpoints available");
    assert_eq!(Error::NotReady.to_string(), "discovery has not answered yet");
    let failed = Error::discovery("service", "connection refused");
    let error = failed.clone();
    assert_eq!(error.to_string(), "discovery failed: service: connection refused");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("connection refused"));
    assert!(Error::NoEndpoints.source().is_none());
}

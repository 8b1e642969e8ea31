//! A user's own lookup in place of a resolver; all that there is without the feature `hickory`.

use std::net::IpAddr;
use std::time::Duration;

use lb_core::{BoxError, Context, Instance, Publisher};
use lb_dnssrv::{Addresses, DnsSrvPublisher, Refresh, SrvAnswer, SrvLookup, SrvRecord};

const NAME: &str = "_http._tcp.Example";

#[expect(clippy::unnecessary_wraps, reason = "a factory may fail")]
fn factory(instance: &Instance) -> Result<String, BoxError> {
    Ok(instance.address().to_owned())
}

fn addresses(publisher: &DnsSrvPublisher<String>) -> Vec<String> {
    let endpoints = publisher.endpoints().expect("there is a set");
    endpoints.instances().map(|instance| instance.address().to_owned()).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "a lookup may fail")]
fn two_records(_: &Context, name: &str) -> Result<SrvAnswer, BoxError> {
    assert_eq!(name, NAME, "the name is the lookup's own matter");
    let [a, b] = ["a.example", "b.example"].map(|target| SrvRecord::new(target, 80));
    Ok(SrvAnswer::new([a, b.with_addresses(Addresses::new([IpAddr::from([10, 0, 0, 2])]))]))
}

/// Resolves everything.
struct Resolving;

impl SrvLookup for Resolving {
    fn lookup_srv(&mut self, ctx: &Context, name: &str) -> Result<SrvAnswer, BoxError> {
        two_records(ctx, name)
    }

    fn lookup_addresses(&mut self, _: &Context, target: &str) -> Result<Addresses, BoxError> {
        assert_eq!(target, "a.example", "the other one came along");
        Ok(Addresses::new([IpAddr::from([10, 0, 0, 1])]).with_ttl(Duration::from_secs(3)))
    }
}

#[test]
fn a_closure_is_a_lookup() {
    let publisher = DnsSrvPublisher::builder(NAME).lookup(two_records).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["a.example:80", "b.example:80"]);
}

#[test]
fn a_lookup_that_resolves_targets() {
    let ttl = Refresh::Ttl { min: Duration::from_secs(1), max: Duration::from_secs(60) };
    let builder = DnsSrvPublisher::builder(NAME).lookup(Resolving).resolve_targets(true).refresh(ttl);
    let publisher = builder.build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["10.0.0.1:80", "10.0.0.2:80"]);
    let status = publisher.status();
    let pause = status.next_refresh().expect("it is planned") - status.last_success().expect("it succeeded");
    assert!(pause <= Duration::from_secs(4), "{pause:?}");
}

#[test]
fn a_lookup_that_resolves_no_targets_makes_them_bad_records() {
    let builder = DnsSrvPublisher::builder(NAME).lookup(two_records).resolve_targets(true);
    let publisher = builder.build(factory).expect("one target has its address");
    assert_eq!(addresses(&publisher), ["10.0.0.2:80"]);
    assert_eq!(publisher.status().skipped(), 1);
}

#[test]
fn two_ports_of_one_target_ask_for_its_addresses_once() {
    struct Counting(crossbeam_channel::Sender<String>);
    impl SrvLookup for Counting {
        fn lookup_srv(&mut self, _: &Context, _: &str) -> Result<SrvAnswer, BoxError> {
            Ok(SrvAnswer::new([80, 81].map(|port| SrvRecord::new("a.example", port))))
        }

        fn lookup_addresses(&mut self, _: &Context, target: &str) -> Result<Addresses, BoxError> {
            self.0.send(target.to_owned())?;
            Ok(Addresses::new([IpAddr::from([10, 0, 0, 1])]))
        }
    }
    let (sender, asked) = crossbeam_channel::unbounded();
    let builder = DnsSrvPublisher::builder(NAME).lookup(Counting(sender)).resolve_targets(true);
    let publisher = builder.build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["10.0.0.1:80", "10.0.0.1:81"]);
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), ["a.example"]);
}

#[test]
fn a_failing_and_a_panicking_lookup_are_errors() {
    let failing = |_: &Context, _: &str| Err("the registry is down".into());
    let error = DnsSrvPublisher::builder(NAME).lookup(failing).build(factory).expect_err("it fails");
    assert!(error.to_string().contains("the registry is down"), "{error}");
    let panicking = |_: &Context, _: &str| panic!("the registry is mad");
    let error = DnsSrvPublisher::builder(NAME).lookup(panicking).build(factory).expect_err("it fails");
    assert!(error.to_string().contains("the registry is mad"), "{error}");
}

#[test]
fn a_hanging_lookup_sees_that_it_is_cancelled() {
    let (asked, was_asked) = crossbeam_channel::bounded(1);
    let (ended, has_ended) = crossbeam_channel::bounded(1);
    let hanging = move |ctx: &Context, _: &str| {
        asked.send(())?;
        let _ = ctx.cancelled().recv();
        ended.send(())?;
        Err("cancelled".into())
    };
    let publisher = DnsSrvPublisher::builder(NAME).lookup(hanging).start(factory).expect("it starts");
    was_asked.recv_timeout(Duration::from_secs(20)).expect("it is asked");
    publisher.stop();
    has_ended.recv_timeout(Duration::from_secs(20)).expect("it was cancelled");
}

#[cfg(not(feature = "hickory"))]
#[test]
fn without_a_resolver_and_without_a_lookup_the_error_says_what_is_missing() {
    let error = DnsSrvPublisher::builder(NAME).build(factory).expect_err("there is no lookup");
    assert!(matches!(error, lb_dnssrv::DnsSrvError::NoLookup { .. }), "{error}");
    assert!(error.to_string().contains("hickory"), "{error}");
}

//! Nothing blocks: inside either kind of runtime, beside one that shuts down, and with many calls at once.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lb_core::{EndpointCache, Instance};
use lb_strategies::RoundRobin;
use lb_tower::Balance;
use support::{Answer, Readiness, assert_nothing_left, balance};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;
use tower::{Service, service_fn};

fn runtimes() -> [Runtime; 2] {
    let multi = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    [Builder::new_current_thread().enable_all().build().unwrap(), multi.unwrap()]
}

#[test]
fn a_balance_is_made_used_and_dropped_inside_a_runtime() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let spawned = tokio::spawn(async {
                let (mut balance, cache, services) = balance(["a:80", "b:80"]);
                assert_eq!(balance.call(()).await.unwrap(), "a:80");
                cache.replace(["b:80"]);
                assert_eq!(balance.call(()).await.unwrap(), "b:80");
                drop(balance);
                assert_nothing_left(&cache, &services);
            });
            spawned.await.unwrap();
        });
    }
}

#[test]
fn a_runtime_that_shuts_down_ends_the_picks_of_its_requests() {
    for runtime in runtimes() {
        let (mut balance, cache, services) = balance(["a:80", "b:80"]);
        services[0].set_answer(Answer::Hang);
        services[1].set_readiness(Readiness::NotReady);
        let hanging = runtime.spawn(balance.call(()));
        services[0].set_readiness(Readiness::NotReady);
        let waiting = runtime.spawn(balance.call(()));
        runtime.block_on(tokio::task::yield_now());
        drop(runtime);
        assert!(hanging.is_finished() && waiting.is_finished());
        assert_eq!(services[0].calls(), 1);
        assert_nothing_left(&cache, &services);
    }
}

#[test]
fn a_balance_outlives_the_runtime_it_was_used_in() {
    let [first, second] = runtimes();
    let (mut balance, ..) = balance(["a:80"]);
    assert!(first.block_on(balance.call(())).is_ok());
    drop(first);
    assert!(second.block_on(balance.call(())).is_ok());
}

/// How many calls are under way at once.
const CALLS: usize = 10_000;

#[test]
fn ten_thousand_concurrent_calls_on_three_endpoints_leave_nothing_behind() {
    for runtime in runtimes() {
        let answered = Arc::new(AtomicUsize::new(0));
        let token = Arc::new(());
        // Nobody is answered before all have been called.
        let all = Arc::new(Barrier::new(CALLS));
        let held = Arc::downgrade(&token);
        let cache = Arc::new(EndpointCache::new(move |_: &Instance| {
            let token = held.upgrade().ok_or("the test has ended")?;
            let all = Arc::clone(&all);
            Ok::<_, &str>(service_fn(move |()| {
                let (token, all) = (Arc::clone(&token), Arc::clone(&all));
                async move {
                    all.wait().await;
                    drop(token);
                    Ok::<_, Infallible>(())
                }
            }))
        }));
        cache.replace(["a:80", "b:80", "c:80"]);
        let balance = Balance::new(RoundRobin::new(Arc::clone(&cache)));
        runtime.block_on(async {
            let calls: Vec<_> = (0..CALLS)
                .map(|_| {
                    let (mut balance, answered) = (balance.clone(), Arc::clone(&answered));
                    tokio::spawn(async move {
                        balance.call(()).await.unwrap();
                        answered.fetch_add(1, Ordering::Relaxed);
                    })
                })
                .collect();
            for call in calls {
                call.await.unwrap();
            }
        });
        assert_eq!(answered.load(Ordering::Relaxed), CALLS);
        cache.replace(Vec::<Instance>::new());
        assert_eq!(Arc::strong_count(&token), 1, "a pick or a clone is left");
    }
}

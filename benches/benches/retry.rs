//! One request through `Retry` whose first attempt succeeds, beside the pick alone.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::{addresses, one_millisecond};
use criterion::{Criterion, criterion_group, criterion_main};
use lb_core::{AsyncEndpoint, Context, Endpoint, LoadBalancer, Publisher, async_endpoint_fn, endpoint_fn};
use lb_retry::Retry;
use lb_static::{FixedPublisher, StaticPublisher};
use lb_strategies::RoundRobin;

const TIMEOUT: Duration = Duration::from_secs(5);

#[expect(clippy::unnecessary_wraps, reason = "an endpoint's signature")]
fn answer(_: &Context, n: u64) -> Result<u64, Infallible> {
    Ok(n)
}

fn publisher()
-> impl Publisher<Endpoint: Endpoint<u64, Response = u64, Error = Infallible> + Send + Sync + 'static> {
    FixedPublisher::new(addresses(10).into_iter().map(|address| (address, endpoint_fn(answer))))
}

fn blocking(c: &mut Criterion) {
    let mut group = c.benchmark_group("retry");
    let ctx = Context::background();
    let lb = RoundRobin::new(publisher());
    group.bench_function("pick_alone", |b| {
        b.iter(|| lb.endpoint().is_ok_and(|pick| pick.call(&ctx, black_box(1)).is_ok()));
    });
    let inline = Retry::new(3, TIMEOUT, RoundRobin::new(publisher())).inline();
    group.bench_function("inline", |b| b.iter(|| inline.call(&ctx, black_box(1)).is_ok()));

    let enforced = Retry::new(3, TIMEOUT, RoundRobin::new(publisher()));
    let call = || Endpoint::call(&enforced, &ctx, black_box(1)).is_ok();
    group.bench_function("enforced_hot", |b| b.iter(call));
    group
        .sample_size(10)
        .bench_function("enforced_parked", |b| b.iter_custom(|calls| after_a_pause(calls, call)));
    group.finish();
}

/// The time that `calls` calls take when the worker has gone to sleep before each.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn after_a_pause(calls: u64, call: impl Fn() -> bool) -> Duration {
    (0..calls)
        .map(|_| {
            one_millisecond();
            let begun = Instant::now();
            assert!(call(), "a no-op endpoint answers");
            begun.elapsed()
        })
        .sum()
}

fn asynchronous(c: &mut Criterion) {
    let mut group = c.benchmark_group("retry_async");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
    let endpoint = || async_endpoint_fn(|_: Context, n: u64| std::future::ready(Ok::<_, Infallible>(n)));
    let ctx = Context::background();
    let alone = endpoint();
    group.bench_function("tokio_timeout", |b| {
        timed(b, &runtime, async || {
            tokio::time::timeout(TIMEOUT, alone.call(&ctx, black_box(1))).await.is_ok()
        });
    });
    let retry = Retry::new(
        3,
        TIMEOUT,
        RoundRobin::new(StaticPublisher::new(addresses(10), move |_: &_| Ok::<_, Infallible>(endpoint()))),
    );
    group.bench_function("first_attempt", |b| {
        timed(b, &runtime, async || AsyncEndpoint::call(&retry, &ctx, black_box(1)).await.is_ok());
    });
    group.finish();
}

/// Measures `call` inside one `block_on`.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn timed(
    bencher: &mut criterion::Bencher<'_>,
    runtime: &tokio::runtime::Runtime,
    call: impl AsyncFn() -> bool,
) {
    bencher.iter_custom(|calls| {
        runtime.block_on(async {
            let begun = Instant::now();
            for _ in 0..calls {
                assert!(call().await, "a no-op endpoint answers");
            }
            begun.elapsed()
        })
    });
}

criterion_group!(benches, blocking, asynchronous);
criterion_main!(benches);

//! What the benches share: sets of a given size, loops on several threads, a service that does nothing.

mod noop;

pub use noop::{Noop, calls};

use std::sync::Barrier;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Bencher};
use lb_core::Instance;
use lb_static::FixedPublisher;

/// `count` addresses, at most 10,000, in the order of their bytes.
pub fn addresses(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("10.{}.{}.1:8080", 100 + i / 100, 100 + i % 100)).collect()
}

/// A fixed set of `count` endpoints that do nothing.
pub fn fixed(count: usize) -> FixedPublisher<u64> {
    FixedPublisher::new(addresses(count).into_iter().map(Instance::from).zip(0..))
}

/// The same with weights from 1 to 1,000,000, which have no order.
pub fn weighted(count: usize) -> FixedPublisher<u64> {
    let weights = (0_u32..).map(|n| 1 + n.wrapping_mul(2_654_435_761) % 1_000_000);
    let instance = |(address, weight): (String, u32)| Instance::new(address).with_weight(weight);
    FixedPublisher::new(addresses(count).into_iter().zip(weights).map(instance).zip(0..))
}

/// Keys without an order, as requests have them.
pub fn key(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A fixed set of `count` endpoints that are clones of `endpoint`.
pub fn fixed_of<E: Clone>(count: usize, endpoint: E) -> FixedPublisher<E> {
    FixedPublisher::new(addresses(count).into_iter().map(|address| (address, endpoint.clone())))
}

/// What `run` returns on two threads at once, on average.
///
/// # Panics
///
/// When `run` does.
pub fn on_two_threads(run: impl Fn() -> Duration + Sync) -> Duration {
    std::thread::scope(|scope| {
        let threads = [scope.spawn(&run), scope.spawn(&run)];
        threads.map(|thread| thread.join().expect("the thread ends")).iter().sum::<Duration>() / 2
    })
}

/// Lets a millisecond pass on this thread.
pub fn one_millisecond() {
    let _timed_out = crossbeam_channel::never::<()>().recv_timeout(Duration::from_millis(1));
}

/// Measures `operation` on `threads` threads that share it: the time one thread takes for one operation while the
/// others do the same.
pub fn on_threads(bencher: &mut Bencher<'_>, threads: usize, operation: impl Fn() + Sync) {
    on_threads_counting(bencher, threads, |_| operation());
}

/// The same; each thread gives `operation` the number of its round.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
pub fn on_threads_counting(bencher: &mut Bencher<'_>, threads: usize, operation: impl Fn(u64) + Sync) {
    if threads == 1 {
        let mut round = 0;
        return bencher.iter(|| {
            round += 1;
            operation(round);
        });
    }
    bencher.iter_custom(|iterations| {
        let start = Barrier::new(threads);
        let run = || {
            start.wait();
            let begin = Instant::now();
            for round in 0..iterations {
                operation(round);
            }
            begin.elapsed()
        };
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            let spent: Vec<Duration> = running.into_iter().filter_map(|thread| thread.join().ok()).collect();
            spent.iter().sum::<Duration>() / u32::try_from(threads).unwrap_or(u32::MAX)
        })
    });
}

/// Measures `operation` on a fresh `input` each time; neither making the input nor dropping the output is counted.
pub fn on_fresh<I, O>(bencher: &mut Bencher<'_>, input: impl FnMut() -> I, operation: impl FnMut(I) -> O) {
    bencher.iter_batched(input, operation, BatchSize::LargeInput);
}

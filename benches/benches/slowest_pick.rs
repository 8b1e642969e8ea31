//! The slowest of a million picks, alone and while another thread replaces the set and runs destructors that take 1 ms.
//!
//! No criterion bench: it is the largest of many times that counts. Runs of both kinds alternate; the medians of the
//! slowest picks are compared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use benches::one_millisecond;
use lb_core::{EndpointCache, Instance, LoadBalancer};
use lb_strategies::RoundRobin;

const PICKS: u32 = 1_000_000;
const ROUNDS: usize = 15;

/// An endpoint whose destructor takes a millisecond.
struct Slow;

impl Drop for Slow {
    fn drop(&mut self) {
        one_millisecond();
    }
}

fn main() {
    let (mut alone, mut meanwhile) = (Vec::new(), Vec::new());
    let mut replaces = 0;
    for _ in 0..ROUNDS {
        alone.push(slowest_pick(&balancer()));
        let (slowest, count) = slowest_while_replacing();
        meanwhile.push(slowest);
        replaces += count;
    }
    let (alone, meanwhile) = (median(alone), median(meanwhile));
    println!("slowest of {PICKS} picks, median of {ROUNDS} runs");
    println!("  alone                            {alone:>10.1?}");
    println!(
        "  while another thread replaces    {meanwhile:>10.1?}   ({} replaces a run)",
        replaces / ROUNDS
    );
    println!("  ratio                            {:>10.2}", meanwhile.as_secs_f64() / alone.as_secs_f64());
}

type Balancer = RoundRobin<Arc<EndpointCache<Slow>>>;

fn cache() -> Arc<EndpointCache<Slow>> {
    let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, std::io::Error>(Slow)));
    cache.replace(["a:80", "b:80", "c:80"]);
    cache
}

fn balancer() -> Balancer {
    RoundRobin::new(cache())
}

fn slowest_while_replacing() -> (Duration, usize) {
    let cache = cache();
    let balancer = RoundRobin::new(Arc::clone(&cache));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut replaces = 0;
            while !stop.load(Ordering::Relaxed) {
                replaces += 1;
                cache.replace([format!("a:{replaces}"), "b:80".to_owned(), "c:80".to_owned()]);
            }
            replaces
        });
        let slowest = slowest_pick(&balancer);
        stop.store(true, Ordering::Relaxed);
        (slowest, writer.join().expect("the writer ends"))
    })
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn slowest_pick(balancer: &Balancer) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..PICKS {
        let begun = Instant::now();
        let pick = balancer.endpoint();
        slowest = slowest.max(begun.elapsed());
        // Whoever lets go of the last pick runs the destructor; that is the holder's time, not the pick's.
        drop(pick);
    }
    slowest
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

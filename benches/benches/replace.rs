//! One replace of a whole set in which one instance has changed.

use benches::{addresses, on_fresh};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lb_core::{EndpointCache, Instance};

fn replace(c: &mut Criterion) {
    let mut group = c.benchmark_group("replace");
    for count in [10, 1_000, 10_000] {
        for (order, stride) in [("sorted", 1), ("shuffled", 7_919)] {
            let cache = EndpointCache::new(|_: &Instance| Ok::<_, std::io::Error>(()));
            // A stride prime to the count visits every place once, far from where the last one was.
            let ordered = addresses(count);
            let listed: Vec<&str> = (0..count).map(|i| ordered[i * stride % count].as_str()).collect();
            let mut round = 0;
            group.bench_function(BenchmarkId::new(order, count), |b| {
                on_fresh(
                    b,
                    || {
                        round += 1;
                        // As from discovery: every refresh brings strings of its own.
                        let mut next: Vec<Instance> = listed.iter().copied().map(Instance::from).collect();
                        next[0] = Instance::new(format!("{}{round}", listed[0]));
                        next
                    },
                    |next| cache.replace(next),
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, replace);
criterion_main!(benches);

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use lb_core::{EndpointCache, Instance, LoadBalancer, PickRequest};
use lb_strategies::ConsistentHash;

use crate::chart::{Chart, Line, draw as draw_chart};

const KEYS: u64 = 20_000;

type Cache = Arc<EndpointCache<Arc<str>>>;

/// A rule by which keys are spread.
type Rule = (&'static str, fn(Cache) -> ConsistentHash<Cache>);

const RULES: [Rule; 3] = [
    ("ring", ConsistentHash::ring),
    ("Maglev", ConsistentHash::maglev),
    ("rendezvous", ConsistentHash::rendezvous),
];

/// Which share of the keys goes to another endpoint when one of so many leaves.
pub(crate) fn draw(directory: &Path) -> Result<(), Box<dyn Error>> {
    let mut lines: Vec<Line> = Vec::new();
    for (name, rule) in RULES {
        let points: Result<_, lb_core::Error> =
            SIZES.into_iter().map(|size| Ok((f64::from(size), moved(rule, size)? * 100.0))).collect();
        lines.push((name.to_owned(), points?));
    }
    let least = SIZES.into_iter().map(|size| (f64::from(size), 100.0 / f64::from(size)));
    lines.push(("at least: those of the one that left".to_owned(), least.collect()));
    for (name, points) in &lines {
        let points: Vec<_> = points.iter().map(|(size, moved)| format!("{moved:.1} % of {size}")).collect();
        println!("keys moved when one leaves, {name}: {}", points.join(", "));
    }
    let chart = Chart {
        title: "Keys that move when one endpoint leaves",
        x: ("endpoints before", 0.0..100.0),
        y: ("% of the keys", 0.5..100.0),
        logarithmic: true,
        x_label: &|size| format!("{size}"),
    };
    draw_chart(&directory.join("keys.svg"), &chart, &lines)
}

const SIZES: [u32; 7] = [5, 10, 20, 30, 50, 75, 100];

fn moved(rule: fn(Cache) -> ConsistentHash<Cache>, size: u32) -> Result<f64, lb_core::Error> {
    let cache = Arc::new(EndpointCache::new(|instance: &Instance| {
        Ok::<Arc<str>, std::io::Error>(instance.address().into())
    }));
    let instances: Vec<_> = (0..size).map(|number| Instance::new(format!("10.0.0.{number}:80"))).collect();
    cache.replace(instances.iter().cloned());
    let balancer = rule(cache.clone());
    let owners = || -> Result<Vec<Arc<str>>, lb_core::Error> {
        let owner = |key| Ok(Arc::clone(&*balancer.pick(&PickRequest::new().with_key(key))?));
        (0..KEYS).map(owner).collect()
    };
    let before = owners()?;
    cache.replace(instances.into_iter().skip(1));
    let after = owners()?;
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    Ok(f64::from(u32::try_from(moved).unwrap_or_default()) / f64::from(u32::try_from(KEYS).unwrap_or(1)))
}

//! How many requests are simulated in a second of wall time, on one core: `cargo run --release -p lb-sim --example speed`.
//! With the argument `large`: 10,000 servers and 1,000 clients.

use std::time::{Duration, Instant};

use lb_sim::{Clients, Fleet, Scenario, Server, Strategy, Work};

fn main() -> Result<(), lb_sim::Invalid> {
    let argument = std::env::args().nth(1).unwrap_or_default();
    let is_large = argument == "large";
    let (servers, clients) = if is_large { (10_000, 1000) } else { (20, 20) };
    let clients = Clients::at_load(clients, 0.7).work(Work::exponential(Duration::from_millis(10)));
    let measured = Duration::from_secs(if is_large { 1 } else { 200 });
    let clients = clients.shared_view(is_large).network(Duration::from_micros(250));
    let fleet = Fleet::new().add(servers, Server::new(4));
    let scenario = Scenario::builder(fleet, clients).warm_up(Duration::ZERO).measured(measured).build()?;
    for strategy in if is_large { of_large() } else { Strategy::all() } {
        if !argument.is_empty() && !is_large && argument != strategy.name() {
            continue;
        }
        let (sent, took) = timed(&scenario, &strategy);
        let rate = f64::from(u32::try_from(sent).unwrap_or(u32::MAX)) / took.as_secs_f64();
        println!("{:26} {sent:>9} requests in {took:>6.2?}: {rate:>9.0} a second", strategy.name());
    }
    Ok(())
}

/// Not the ring, of which a thousand clients have 9 GB; nor those that keep a state of their own for each endpoint, of which
/// a shared publisher has a thousand.
fn of_large() -> Vec<Strategy> {
    vec![Strategy::round_robin(), Strategy::random(), Strategy::least_loaded()]
}

#[expect(clippy::disallowed_methods, reason = "wall time is what is measured here")]
fn timed(scenario: &Scenario, strategy: &Strategy) -> (u64, Duration) {
    let begun = Instant::now();
    let sent = scenario.run(strategy, 1).all().sent;
    (sent, begun.elapsed())
}

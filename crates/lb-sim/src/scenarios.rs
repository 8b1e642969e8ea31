//! Scenarios that this project's tests assert and its docs draw: a place to begin from.

use std::time::Duration;

use crate::clients::Clients;
use crate::error::Invalid;
use crate::fault::Fault;
use crate::fleet::{Deploy, Fleet};
use crate::noise::Noise;
use crate::scenario::Scenario;
use crate::server::Server;
use crate::work::Work;

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Ten servers of four cores at load 0.6, work of 10 ms on average, exponential; the last one works ten times slower than
/// the load allows for, all the time.
///
/// # Errors
///
/// When there is no client. As with those below.
pub fn one_slow(clients: u32) -> Result<Scenario, Invalid> {
    Scenario::builder(ten(Fault::slow(10.0)), of_ten(clients)).build()
}

/// The same, where the last one fails each request in 0.1 ms, from `from` on.
///
/// # Errors
///
/// When there is no client.
pub fn one_failing(clients: u32, from: Duration) -> Result<Scenario, Invalid> {
    Scenario::builder(ten(Fault::fails_fast(MS / 10).from(from)), of_ten(clients)).build()
}

/// The same, where the last one takes requests from 5 s on and answers none for 10 s. Requests time out after 1 s.
///
/// # Errors
///
/// When there is no client.
pub fn black_hole(clients: u32) -> Result<Scenario, Invalid> {
    let fleet = ten(Fault::black_hole().from(5 * SECOND).until(15 * SECOND));
    Scenario::builder(fleet, of_ten(clients).timeout(SECOND)).build()
}

/// The same, where the last one is down for 1 s in every 3, and discovery takes 1 s to notice that it is gone or back.
///
/// # Errors
///
/// When there is no client.
pub fn flapping(clients: u32) -> Result<Scenario, Invalid> {
    let fleet = ten(Fault::down().from(3 * SECOND).until(4 * SECOND).every(3 * SECOND));
    Scenario::builder(fleet, of_ten(clients)).build()
}

/// Eight servers of four cores at load 0.9, and two more that discovery finds at 10 s, whose caches are cold: five times
/// slower for 5 s.
///
/// # Errors
///
/// When there is no client.
pub fn cold_start(clients: u32) -> Result<Scenario, Invalid> {
    let begins = 10 * SECOND;
    let newcomer = Server::new(4)
        .fault(Fault::down().until(begins))
        .fault(Fault::slow(5.0).from(begins).until(begins + 5 * SECOND));
    let fleet = Fleet::new().add(8, Server::new(4)).add(2, newcomer);
    // 0.9 of the eight.
    Scenario::builder(fleet, at_load(clients, 0.72)).build()
}

/// Ten servers of four cores at load 0.6, restarted one after the other from 5 s on, every 1.5 s. Each says that it leaves
/// and serves on for 1 s, is gone for 0.5 s, and is three times slower for 1 s when it is back. Clients know of it after 0.2
/// to 0.7 s.
///
/// # Errors
///
/// When there is no client.
pub fn rolling_deploy(clients: u32) -> Result<Scenario, Invalid> {
    let deploy = Deploy::rolling(5 * SECOND, 1500 * MS).restart(SECOND / 2).cold(3.0, SECOND);
    let fleet = Fleet::new().add(10, Server::new(4)).deploy(&deploy);
    Scenario::builder(fleet, at_load(clients, 0.6).discovery(200 * MS, SECOND / 2)).build()
}

/// Eight servers of four cores, half of them three times as fast as the others, all of weight 1, at load 0.7.
///
/// # Errors
///
/// When there is no client.
pub fn mixed_speeds(clients: u32) -> Result<Scenario, Invalid> {
    let fleet = Fleet::new().add(4, Server::new(4)).add(4, Server::new(4).speed(3.0));
    Scenario::builder(fleet, at_load(clients, 0.7)).build()
}

/// The testbed of prequal-rs, in virtual time: 20 servers of 4 cores, half of them at speed 0.5; each is noisy with a
/// probability of 0.3, and draws a factor about every second; 20 clients with a balancer each; work of 40 ms on average,
/// exponential; 3 s of warm-up, 20 s measured, a time-out of 10 s. `load` is by the nominal speeds, without the noise.
///
/// There is one difference: there a request keeps the factor it began with, here it goes on at the new one.
///
/// # Errors
///
/// When `load` is no finite number above 0.
pub fn prequal(load: f64) -> Result<Scenario, Invalid> {
    let noise = Noise::every(SECOND).kind(0.3, &[(0.3, 0.7), (0.9, 1.3)]).kind(0.7, &[(1.2, 2.0)]);
    let server = Server::new(4).noise(noise);
    let fleet = Fleet::new().add(10, server.clone().speed(0.5)).add(10, server);
    let clients = Clients::at_load(20, load).work(Work::exponential(40 * MS)).timeout(10 * SECOND);
    Scenario::builder(fleet, clients.reports(true)).build()
}

fn ten(fault: Fault) -> Fleet {
    Fleet::new().add(9, Server::new(4)).add(1, Server::new(4).fault(fault))
}

fn of_ten(clients: u32) -> Clients {
    at_load(clients, 0.6)
}

fn at_load(clients: u32, load: f64) -> Clients {
    Clients::at_load(clients, load).work(Work::exponential(10 * MS)).reports(true)
}

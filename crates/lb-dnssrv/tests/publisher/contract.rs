//! What every publisher promises.

use std::sync::{Mutex, Weak};

use lb_core::{Endpoints, Error, Observer, Publisher};
use lb_test::{DnsServer, Record, publisher_contract};

use crate::support::{NAME, Ticked, asking, server};

/// A publisher with the server it asks.
struct Served {
    server: DnsServer,
    ticked: Mutex<Ticked>,
    // Shares its discovery, so that reading waits for no lock.
    shared: lb_dnssrv::DnsSrvPublisher<String>,
}

impl Served {
    fn new(addresses: &[&str]) -> Self {
        let server = server(&[]);
        set(&server, addresses);
        let ticked = Ticked::build(asking(&server));
        let shared = ticked.publisher.share(crate::support::factory);
        Self { server, ticked: Mutex::new(ticked), shared }
    }

    fn change(&self, addresses: &[&str]) {
        set(&self.server, addresses);
        self.ticked.lock().expect("no panic").tick(1);
    }
}

fn set(server: &DnsServer, addresses: &[&str]) {
    let records = addresses.iter().map(|address| {
        let (target, port) = address.split_once(':').expect("a port");
        Record::srv(0, 1, port.parse().expect("a number"), target)
    });
    server.set(NAME, records.collect::<Vec<_>>());
}

impl Publisher for Served {
    type Endpoint = String;

    fn endpoints(&self) -> Result<Endpoints<String>, Error> {
        self.shared.endpoints()
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.shared.subscribe(observer)
    }
}

publisher_contract!(dns_srv, new: Served::new, change: Served::change);

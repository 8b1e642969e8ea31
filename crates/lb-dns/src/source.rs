use std::net::SocketAddr;

use lb_core::support::log_safely;
use lb_core::{BoxError, Context, Instance};
use lb_discovery::{Answer, Source};

use crate::answer::{no_records_reason, unusable};
use crate::host_port::{Host, HostPort};
use crate::{Addresses, Resolver, name};

/// A name's addresses as a source for the loop that every dynamic publisher shares.
pub(crate) struct AddressSource {
    target: HostPort,
    resolver: Resolver,
    complaints: Vec<String>,
}

impl AddressSource {
    pub(crate) fn new(target: HostPort, resolver: Resolver) -> Self {
        Self { target, resolver, complaints: Vec::new() }
    }

    /// Warns of addresses that are skipped, once until they are others.
    fn complain(&mut self, name: &str, skipped: Vec<String>) {
        if !skipped.is_empty() && self.complaints != skipped {
            let error = skipped.join(", ");
            log_safely(|| {
                log::warn!(target: crate::LOG, name:%, error:%; "{name}: unusable addresses are skipped: {error}");
            });
        }
        self.complaints = skipped;
    }
}

impl Source for AddressSource {
    fn fetch(&mut self, ctx: &Context) -> Result<Answer, BoxError> {
        let port = self.target.port;
        let name = match &self.target.host {
            Host::Address(address) => return Ok(Answer::new(vec![Instance::new(address.to_string())])),
            Host::Name(name) => name.clone(),
        };
        let found = self.resolver.addresses(ctx, &name)?;
        let (instances, skipped) = instances(&name::canonical(&name), port, &found);
        let count = u64::try_from(skipped.len()).unwrap_or(u64::MAX).saturating_add(found.unreadable());
        self.complain(&name, skipped);
        let answer = Answer::new(instances).with_skipped(count).because(no_records_reason(found.absence()));
        Ok(match found.ttl() {
            Some(ttl) => answer.with_ttl(ttl),
            None => answer,
        })
    }
}

/// One instance of each address, and what is left out.
pub(crate) fn instances(host: &str, port: u16, found: &Addresses) -> (Vec<Instance>, Vec<String>) {
    let (mut instances, mut skipped) = (Vec::new(), Vec::new());
    for &ip in found.addresses() {
        match unusable(ip) {
            None => instances.push(Instance::new(SocketAddr::new(ip, port).to_string()).with_host(host)),
            Some(why) => skipped.push(format!("{ip} ({why})")),
        }
    }
    (instances, skipped)
}

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use lb_core::support::log_safely;
use lb_core::{BoxError, Context, Instance};
use lb_discovery::{Answer, Source};
use lb_dns::support::{no_records_reason, shorter, unusable};

use crate::records::{self, Screened, told};
use crate::shares::Shares;
use crate::{Addresses, SrvLookup, SrvRecord};

/// How many skipped records a log line spells out.
const SPELLED_OUT: usize = 3;

/// DNS as a source for the loop that every dynamic publisher shares.
pub(crate) struct SrvSource {
    name: String,
    lookup: Box<dyn SrvLookup>,
    resolve_targets: bool,
    complaints: Vec<String>,
}

/// What became of an answer's records.
#[derive(Default)]
struct Harvest {
    instances: Vec<Instance>,
    ttl: Option<Duration>,
    skipped: Vec<String>,
    /// Records of addresses that could not be read.
    unreadable: u64,
}

type Resolved = HashMap<String, Result<Addresses, String>>;

impl SrvSource {
    pub(crate) fn new(name: String, lookup: Box<dyn SrvLookup>, resolve_targets: bool) -> Self {
        Self { name, lookup, resolve_targets, complaints: Vec::new() }
    }

    /// Makes one instance of each address of each target; a target without any is a bad record.
    fn resolve(&mut self, ctx: &Context, screened: Screened) -> Harvest {
        let asked = self.ask_for_addresses(ctx, &screened.records);
        let unreadable = asked.values().flatten().map(Addresses::unreadable).sum();
        let mut harvest = Harvest { skipped: screened.skipped, unreadable, ..Harvest::default() };
        let mut resolved = Vec::with_capacity(screened.records.len());
        for record in &screened.records {
            let addresses = harvest.addresses(record, &asked);
            if !addresses.is_empty() {
                resolved.push((record, addresses));
            }
        }
        let shares = Shares::new(resolved.iter().map(|(_, addresses)| addresses.len()));
        for (record, addresses) in resolved {
            let weight = shares.of_each(record.weight(), addresses.len());
            let instance = |address| records::by_address(record, address, weight);
            harvest.instances.extend(addresses.into_iter().map(instance));
        }
        harvest
    }

    /// Asks once for each target that is no address and brought none.
    fn ask_for_addresses(&mut self, ctx: &Context, records: &[SrvRecord]) -> Resolved {
        let unknown = |record: &&SrvRecord| record.addresses().is_none() && record.literal().is_none();
        let mut targets: Vec<&str> = records.iter().filter(unknown).map(SrvRecord::target).collect();
        targets.dedup();
        if targets.is_empty() {
            return Resolved::new();
        }
        let results = self.lookup.lookup_all_addresses(ctx, &targets);
        let results = results.into_iter().map(|result| result.map_err(|error| error.to_string()));
        targets.into_iter().map(ToOwned::to_owned).zip(results).collect()
    }

    /// Warns of skipped records, once until they are others.
    fn complain(&mut self, skipped: Vec<String>) {
        if !skipped.is_empty() && self.complaints != skipped {
            let (name, count) = (&self.name, skipped.len());
            let error = skipped[..count.min(SPELLED_OUT)].join(", ");
            let more = if count > SPELLED_OUT { ", …" } else { "" };
            log_safely(|| {
                log::warn!(
                    target: crate::LOG, name:%, error:%;
                    "{name}: {count} unusable records are skipped: {error}{more}"
                );
            });
        }
        self.complaints = skipped;
    }
}

impl Source for SrvSource {
    fn fetch(&mut self, ctx: &Context) -> Result<Answer, BoxError> {
        let answer = self.lookup.lookup_srv(ctx, &self.name)?;
        let (ttl, unreadable) = (records::shortest_ttl(&answer), answer.unreadable());
        let reason = no_records_reason(answer.absence());
        let screened = records::screen(answer.into_records());
        let no_service = screened.no_service;
        let harvest =
            if self.resolve_targets { self.resolve(ctx, screened) } else { Harvest::named(screened) };
        if ctx.is_cancelled() {
            return Err("stopped while looking up".into());
        }
        let skipped = u64::try_from(harvest.skipped.len()).unwrap_or(u64::MAX);
        let skipped = skipped.saturating_add(unreadable).saturating_add(harvest.unreadable);
        self.complain(harvest.skipped);
        let answer = if no_service { Answer::no_service() } else { Answer::new(harvest.instances) };
        let answer = answer.with_skipped(skipped).because(reason);
        Ok(match shorter(ttl, harvest.ttl) {
            Some(ttl) => answer.with_ttl(ttl),
            None => answer,
        })
    }
}

impl Harvest {
    fn named(screened: Screened) -> Self {
        let instances = screened.records.iter().map(records::by_name).collect();
        Self { instances, skipped: screened.skipped, ..Self::default() }
    }

    /// The usable addresses of a record's target, in order, each once.
    fn addresses(&mut self, record: &SrvRecord, asked: &Resolved) -> Vec<IpAddr> {
        if let Some(address) = record.literal() {
            return vec![address];
        }
        let addresses = match (record.addresses(), asked.get(record.target())) {
            (Some(addresses), _) | (None, Some(Ok(addresses))) => addresses,
            (None, Some(Err(why))) => return self.skip(record, why),
            (None, None) => return self.skip(record, "the lookup gave no result"),
        };
        if addresses.addresses().is_empty() {
            return self.skip(record, "it has no address");
        }
        self.ttl = shorter(self.ttl, addresses.ttl());
        let mut usable = Vec::with_capacity(addresses.addresses().len());
        for &address in addresses.addresses() {
            match unusable(address) {
                None => usable.push(address),
                Some(why) => self.skipped.push(told(record, &format!("{address}: {why}"))),
            }
        }
        if !usable.is_sorted() {
            usable.sort_unstable();
        }
        usable.dedup();
        usable
    }

    fn skip(&mut self, record: &SrvRecord, why: &str) -> Vec<IpAddr> {
        self.skipped.push(told(record, why));
        Vec::new()
    }
}
